import type { Session, TorrentHandle } from '@bitloom/core'
import { expect, it } from 'vitest'
import { addressOf, inLab, seed, until } from '../src/lab.js'
import { differences } from '../src/payload.js'

it(
  'sessions of one process share nothing',
  inLab(async (lab) => {
    const made = await lab.make('album', { 'a.bin': 3_000_000, 'b.bin': 1_000_000 })
    const { torrent } = made
    const [seeder, slow, fast] = [await lab.session(), await lab.session(), await lab.session()]
    await seed(seeder, made)

    // Ids and limits.
    expect(new Set([seeder, slow, fast].map(({ peerId }) => Buffer.from(peerId).toString('hex'))).size).toBe(3)
    expect(new Set([seeder, slow, fast].map((session) => addressOf(session).port)).size).toBe(3)
    slow.setLimits({ downBytesPerSecond: 200_000, uploadSlots: 3 })
    expect([slow.limits.downBytesPerSecond, fast.limits.downBytesPerSecond]).toEqual([200_000, undefined])
    expect(fast.limits.uploadSlots).not.toBe(3)

    // Taps hear of their own session only, and the limit of one does not slow the other.
    const [slowPieces, fastPieces] = [tapPieces(slow), tapPieces(fast)]
    const peers = [addressOf(seeder)]
    const slowDownload = await slow.add({ torrent, directory: lab.path('slow'), peers })
    const fastDownload = await fast.add({ torrent, directory: lab.path('fast'), peers })
    expect(slow.torrents()).toEqual([slowDownload.view])
    expect(fast.torrents()).toEqual([fastDownload.view])
    await fastDownload.completed
    expect(fastPieces.views).toEqual(new Set([fastDownload.view]))
    expect(fastPieces.pieces).toHaveLength(torrent.layout.pieceCount)
    await until('the slow one has a piece', () => slowPieces.pieces.length > 0)
    expect(slowPieces.views).toEqual(new Set([slowDownload.view]))
    expect(slowDownload.view.stats.leftBytes).toBeGreaterThan(1_000_000)

    // One ends in the middle of its download, then the first seeder; the last goes on.
    await expectClosed(slow, slowDownload)
    await seeder.close()
    const late = await lab.session()
    expect(late.limits).toEqual(fast.limits)
    const { completed } = await late.add({ torrent, directory: lab.path('late'), peers: [addressOf(fast)] })
    await completed
    expect(await differences(made.path, lab.path('late', 'album'))).toEqual([])
    expect(await differences(made.path, lab.path('fast', 'album'))).toEqual([])
  }),
)

function tapPieces(session: Session) {
  const heard = { pieces: [] as number[], views: new Set<unknown>() }
  session.hooks.pieceVerified.tap((piece, torrent) => {
    heard.pieces.push(piece)
    heard.views.add(torrent)
  })
  return heard
}

async function expectClosed(session: Session, download: TorrentHandle): Promise<void> {
  const outcome = download.completed.catch((error: unknown) => error)
  await session.close()
  expect(await outcome).toMatchObject({ code: 'CLOSED' })
  expect(session.torrents()).toEqual([])
}

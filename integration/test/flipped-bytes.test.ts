import { expect, it } from 'vitest'
import { openFlippingProxy } from '../src/flipping-proxy.js'
import { addressOf, inLab, isLinux, seed } from '../src/lab.js'
import { differences } from '../src/payload.js'

// A ban is of an address: the peers need different ones, and only Linux has all of 127.0.0.0/8.
if (!isLinux) console.log('integration: skipped the flipped bytes: it needs 127.0.0.2')

const mebibyte = 1_048_576

it.skipIf(!isLinux)(
  'one byte of every MiB is flipped on the way from one of three peers: the files are right, and only that one is banned',
  inLab(async (lab) => {
    const made = await lab.make(
      'album',
      { 'a.bin': 20 * mebibyte, 'b.bin': 4 * mebibyte },
      { pieceLengthBytes: 131_072 },
    )
    const slow = { upBytesPerSecond: 4 * mebibyte }
    const honest = [
      await lab.session({ hosts: ['127.0.0.2'], limits: slow }),
      await lab.session({ hosts: ['127.0.0.3'], limits: slow }),
    ]
    // It sends the most, so that several of its bytes are flipped before it can be told who it was.
    const behind = await lab.session({ hosts: ['127.0.0.4'], limits: { upBytesPerSecond: 12 * mebibyte } })
    for (const session of [...honest, behind]) await seed(session, made)
    const proxy = await openFlippingProxy('127.0.0.66', addressOf(behind), mebibyte)
    lab.defer(() => proxy.close())

    const leecher = await lab.session({ listen: false })
    const banned: string[] = []
    let rejected = 0
    leecher.hooks.peerDisconnected.tap(({ endpoint }, reason) => {
      if (endpoint.kind === 'ip' && reason === 'sent corrupt data') banned.push(endpoint.host)
    })
    leecher.hooks.pieceRejected.tap(() => void rejected++)
    const peers = [proxy.at, ...honest.map((session) => addressOf(session))]
    const handle = await leecher.add({ torrent: made.torrent, directory: lab.path('downloads'), peers })
    await handle.completed

    expect(await differences(made.path, lab.path('downloads', 'album'))).toEqual([])
    expect(banned).toEqual(['127.0.0.66'])
    const times = handle.view.stats.receivedBytes / made.torrent.lengthBytes
    expect(times).toBeLessThan(1.1)
    console.log(
      `limits: one byte of every MiB flipped: ${proxy.flipped} flipped until the ban, ${rejected} bad pieces, downloaded ${times.toFixed(3)} times the size`,
    )
  }),
)

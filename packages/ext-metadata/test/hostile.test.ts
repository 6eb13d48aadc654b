import { describe, expect, it } from 'vitest'
import { digest, TestStorage } from '../../core/test/support/world.js'
import { extMetadata } from '../src/index.js'
import { encodeMessage } from '../src/protocol.js'
import { actor, honest, magnetOf, openScene, spoilt, v2Info } from './scene.js'

const hosts = (peers: Iterable<{ endpoint: { kind: string; host?: string } }>): string[] =>
  [...peers].map(({ endpoint }) => endpoint.host ?? '').toSorted()

describe('wrong metadata', () => {
  it('bans its only giver, and the others go on', async () => {
    const { world, seeder, leecher, metainfo } = openScene()
    let lies = 0
    const liar = actor(metainfo, {
      answer: (piece, say) => {
        lies++
        say(spoilt(metainfo, piece))
      },
    })
    await seeder('10.0.0.1', [liar])
    const { download, becomesWhole } = await leecher('10.0.0.9', ['10.0.0.1', '10.0.0.2'])
    await world.clock.advance(2_000)
    expect(lies).toBeGreaterThan(0)
    expect(hosts(download.view.peers)).toEqual([])
    await seeder('10.0.0.2')
    expect(await becomesWhole()).toBe(true)
    await world.clock.advance(600_000)
    expect(hosts(download.view.peers)).not.toContain('10.0.0.1')
  })

  it('of several givers bans the one who lied and none of the others', async () => {
    const { seeder, leecher, metainfo } = openScene({ metadataPieces: 30 })
    const gave = new Set<string>()
    const giving = (host: string, lies: boolean) =>
      actor(metainfo, {
        answer: (piece, say) => {
          gave.add(host)
          say(lies && piece === 11 ? spoilt(metainfo, piece) : honest(metainfo, piece))
        },
      })
    await seeder('10.0.0.1', [giving('10.0.0.1', false)])
    await seeder('10.0.0.2', [giving('10.0.0.2', true)])
    await seeder('10.0.0.3', [giving('10.0.0.3', false)])
    const { download, becomesWhole } = await leecher('10.0.0.9', ['10.0.0.1', '10.0.0.2', '10.0.0.3'])
    expect(await becomesWhole()).toBe(true)
    expect(gave.size).toBe(3)
    expect(hosts(download.view.peers)).toEqual(['10.0.0.1', '10.0.0.3'])
  })

  it.each([0, -5, 67_108_865, Number.MAX_SAFE_INTEGER])('of a claimed size of %i is not asked for', async (size) => {
    const { world, seeder, leecher, metainfo } = openScene()
    let asked = 0
    await seeder('10.0.0.1', [actor(metainfo, { size, answer: () => void asked++ })])
    const { becomesWhole, download } = await leecher('10.0.0.9', ['10.0.0.1', '10.0.0.2'])
    await world.clock.advance(2_000)
    expect(download.view.stats.peers).toBe(1)
    await seeder('10.0.0.2')
    expect(await becomesWhole()).toBe(true)
    expect(asked).toBe(0)
  })

  it('of another size than it is does not stop the right one', async () => {
    const { seeder, leecher, metainfo } = openScene()
    const size = 60 * 1_048_576
    const vast = actor(metainfo, {
      size,
      answer: (piece, say) => say({ type: 'data', piece, totalBytes: size, bytes: new Uint8Array(16_384) }),
    })
    for (const host of ['10.0.0.1', '10.0.0.2']) await seeder(host, [vast])
    await seeder('10.0.0.3')
    const { becomesWhole, download } = await leecher('10.0.0.9', ['10.0.0.1', '10.0.0.2', '10.0.0.3'])
    expect(await becomesWhole()).toBe(true)
    expect(hosts(download.view.peers)).toEqual(['10.0.0.3'])
  })

  it('that nobody asked for ends the connection after a megabyte', async () => {
    const { world, seeder, metainfo } = openScene()
    const session = await seeder('10.0.0.1')
    const reasons: string[] = []
    session.hooks.peerDisconnected.tap((_peer, reason) => void reasons.push(reason))
    const unasked = encodeMessage({ type: 'data', piece: 0, totalBytes: 1_700, bytes: new Uint8Array(20_000) })
    const flood = actor(metainfo, {
      opened: (link) => {
        for (let count = 0; count < 60; count++) void world.clock.after(count * 10, () => link.send(unasked))
      },
    })
    const other = await seeder('10.0.0.2', [flood])
    other.control(other.torrents()[0]?.id ?? '').dial(world.endpoint('10.0.0.1'))
    await world.clock.advance(500)
    expect(session.torrents()[0]?.stats.peers).toBe(1)
    await world.clock.advance(500)
    expect(reasons).toEqual(['sends metadata that nobody asked for'])
  })
})

describe('a flood of requests', () => {
  it('is answered twice over and then rejected, and at last cut off', async () => {
    const { world, seeder, metainfo } = openScene()
    const session = await seeder('10.0.0.1')
    const reasons: string[] = []
    session.hooks.peerDisconnected.tap((_peer, reason) => void reasons.push(reason))
    const count = { data: 0, reject: 0, request: 0 }
    const flood = actor(metainfo, {
      opened: (link) => {
        for (let at = 0; at < 3_000; at++) link.send(encodeMessage({ type: 'request', piece: at % 5 }))
      },
      heard: ({ type }) => void count[type]++,
    })
    const other = await seeder('10.0.0.2', [flood])
    other.control(other.torrents()[0]?.id ?? '').dial(world.endpoint('10.0.0.1'))
    await world.clock.advance(5_000)
    expect(count.data).toBeLessThanOrEqual(64)
    expect(count.reject).toBeLessThanOrEqual(1_000)
    expect(reasons).toContain('asks for too much metadata')
  })
})

describe('metadata with the right hash', () => {
  it.each([
    ['that is no torrent', new TextEncoder().encode('d4:name1:ae'), 'METAINFO_INVALID'],
    ['of a v2-only torrent', v2Info(), 'METAINFO_UNSUPPORTED'],
  ] as const)('%s fails the torrent and bans nobody', async (_what, info, code) => {
    const { world, metainfo } = openScene()
    const link = magnetOf({ infoHashes: { v1: digest('sha1', info) } })
    const fake = { ...metainfo, info }
    const giving = actor(fake, { answer: (piece, say) => say(honest(fake, piece)) })
    const giver = await world.session('10.0.0.1', new TestStorage(0), [giving])
    await giver.add({ torrent: link, directory: '/' })
    const taker = await world.session('10.0.0.2', new TestStorage(0), [extMetadata()])
    const reasons: string[] = []
    taker.hooks.peerDisconnected.tap((_peer, reason) => void reasons.push(reason))
    const peers = [world.endpoint('10.0.0.1')]
    const { completed, view } = await taker.add({ torrent: link, directory: '/', peers })
    const failure = completed.catch((error: unknown) => error)
    await world.clock.advance(2_000)
    expect(await failure).toMatchObject({ code })
    expect(view.state).toBe('failed')
    expect(reasons).toEqual(['the torrent failed'])
  })
})

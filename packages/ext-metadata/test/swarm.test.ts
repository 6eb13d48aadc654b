import { describe, expect, it } from 'vitest'
import type { MetadataMessage } from '../src/protocol.js'
import { actor, honest, openScene } from './scene.js'

describe('a magnet link', () => {
  it('becomes whole by the metadata and the data of one peer', async () => {
    const scene = openScene()
    expect(scene.metainfo.info.length).toBeGreaterThan(4 * 16_384)
    await scene.seeder('10.0.0.1')
    const { download, becomesWhole } = await scene.leecher('10.0.0.2', ['10.0.0.1'])
    expect(download.view.state).toBe('fetching-metadata')
    expect(await becomesWhole()).toBe(true)
    expect(download.view.name).toBe(scene.metainfo.name)
    expect(await download.control.info()).toEqual(scene.metainfo.info)
  })

  it('takes parts of the metadata from several peers', async () => {
    const { seeder, leecher, metainfo } = openScene({ metadataPieces: 30 })
    const asked = new Map<string, number>()
    const counting = (host: string) =>
      actor(metainfo, {
        answer: (piece, say) => {
          asked.set(host, (asked.get(host) ?? 0) + 1)
          say(honest(metainfo, piece))
        },
      })
    for (const host of ['10.0.0.1', '10.0.0.2', '10.0.0.3']) await seeder(host, [counting(host)])
    const { becomesWhole } = await leecher('10.0.0.9', ['10.0.0.1', '10.0.0.2', '10.0.0.3'])
    expect(await becomesWhole()).toBe(true)
    expect(Math.min(...asked.values())).toBeGreaterThan(3)
    expect(asked.size).toBe(3)
  })

  it('goes on to those who met us before we knew anything', async () => {
    const scene = openScene()
    const middle = await scene.leecher('10.0.0.2', ['10.0.0.1'])
    const last = await scene.leecher('10.0.0.3', ['10.0.0.2'])
    await scene.world.clock.advance(5_000)
    expect(last.download.view.stats.peers).toBe(1)
    await scene.seeder('10.0.0.1')
    expect(await last.becomesWhole(120_000)).toBe(true)
    expect(middle.download.view.state).toBe('seeding')
    expect([...last.download.view.peers].length).toBe(1)
  })

  it('of a private torrent gets its metadata, and gives it', async () => {
    const scene = openScene({ isPrivate: true })
    expect(scene.metainfo.private).toBe(true)
    await scene.seeder('10.0.0.1')
    const { download, becomesWhole } = await scene.leecher('10.0.0.2', ['10.0.0.1'])
    expect(await becomesWhole()).toBe(true)
    expect(download.view.private).toBe(true)
  })

  it('is not waited for by a peer that is silent', async () => {
    const { world, seeder, leecher, metainfo } = openScene()
    await seeder('10.0.0.1', [actor(metainfo, {})])
    const { download, becomesWhole } = await leecher('10.0.0.9', ['10.0.0.1', '10.0.0.2'])
    await world.clock.advance(3_000)
    await seeder('10.0.0.2')
    expect(await becomesWhole(40_000)).toBe(true)
    expect(download.view.stats.peers).toBe(2)
  })

  it('asks again later where it was rejected', async () => {
    const { world, seeder, leecher, metainfo } = openScene()
    let isReady = false
    const requests: number[] = []
    const later = actor(metainfo, {
      answer: (piece, say) => {
        requests.push(world.clock.nowMs())
        say(isReady ? honest(metainfo, piece) : { type: 'reject', piece })
      },
    })
    await seeder('10.0.0.1', [later])
    const { becomesWhole } = await leecher('10.0.0.9', ['10.0.0.1'])
    await world.clock.advance(60_000)
    expect(requests.length).toBeLessThan(40)
    isReady = true
    expect(await becomesWhole(61_000)).toBe(true)
  })
})

describe('what peers are told', () => {
  it('is the size of the metadata, and its pieces; what is not there is rejected', async () => {
    const { world, seeder, leecher, metainfo } = openScene()
    const heard: MetadataMessage[] = []
    await seeder('10.0.0.1')
    const asking = actor(metainfo, {
      opened: (link) => {
        for (const piece of [0, 4, 5]) link.send(new TextEncoder().encode(`d8:msg_typei0e5:piecei${piece}ee`))
      },
      heard: (message) =>
        void heard.push(message.type === 'data' ? { ...message, bytes: message.bytes.slice() } : message),
    })
    const session = await seeder('10.0.0.2', [asking])
    const [torrent] = session.torrents()
    session.control(torrent?.id ?? '').dial(world.endpoint('10.0.0.1'))
    await world.clock.advance(1_000)
    // What is rejected is so at once, while the info dictionary is read.
    expect(heard).toEqual([{ type: 'reject', piece: 5 }, honest(metainfo, 0), honest(metainfo, 4)])
    // Who has nothing yet says so.
    heard.length = 0
    const { session: empty } = await leecher('10.0.0.3', ['10.0.0.2'])
    await world.clock.advance(500)
    expect(heard.filter(({ type }) => type === 'reject')).toHaveLength(3)
    await empty.close()
  })
})

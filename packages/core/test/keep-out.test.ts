import { describe, expect, it } from 'vitest'
import keepOut from './keep-out.js'
import { makeTorrent, TestStorage, World } from './support/world.js'

describe('the plugin of the README', () => {
  it('keeps the peers of one network out', async () => {
    const world = new World()
    const { metainfo, data } = makeTorrent({ lengthBytes: 100_000, pieceBytes: 32_768 })
    for (const host of ['10.9.0.1', '10.1.0.1']) {
      const seeder = await world.session(host, new TestStorage(0, data))
      const seed = await seeder.add({ torrent: metainfo, directory: '/' })
      await seed.ready
    }
    const connected: string[] = []
    const session = await world.session('10.0.0.1', new TestStorage(data.length), [keepOut()])
    session.hooks.peerConnected.tap(({ endpoint }) => void connected.push(endpoint.kind === 'ip' ? endpoint.host : ''))
    const peers = [world.endpoint('10.9.0.1'), world.endpoint('10.1.0.1')]
    const { view } = await session.add({ torrent: metainfo, directory: '/', peers })
    expect(await world.clock.runUntil(() => view.state === 'seeding', 30_000)).toBe(true)
    expect(connected).toEqual(['10.1.0.1'])
  })
})

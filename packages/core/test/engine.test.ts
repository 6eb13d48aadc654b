import { describe, expect, it } from 'vitest'
import { makeTorrent, TestStorage, World } from './support/world.js'

describe('a download between two engines in memory', () => {
  it.each([
    ['one small piece', 1_000, 16_384],
    ['several pieces, the last one short', 1_000_000, 65_536],
    ['pieces larger than an extent', 5_000_000, 4_194_304],
  ])('%s', async (_name, lengthBytes, pieceBytes) => {
    const world = new World()
    const { metainfo, data } = makeTorrent({ lengthBytes, pieceBytes })
    const seeder = await world.node('10.0.0.1', { storage: new TestStorage(0, data) })
    const target = new TestStorage(lengthBytes)
    const leecher = await world.node('10.0.0.2', { storage: target })
    await world.add(seeder, metainfo)
    const download = await world.add(leecher, metainfo, { peers: [world.endpoint('10.0.0.1')] })
    expect(await world.clock.runUntil(() => download.view.state === 'seeding', 60_000)).toBe(true)
    expect(Buffer.from(target.data).equals(Buffer.from(data))).toBe(true)
    expect(download.view.stats.wastedBytes).toBe(0)
    expect(world.faults).toEqual([])
  })
})

import { expect, it } from 'vitest'
import { memoryResumeStore } from '../src/driver/memory-resume-store.js'
import type { Storage } from '../src/ports/storage.js'
import { wrapStorage } from '../src/ports/wrap-storage.js'
import { makeTorrent, TestStorage, World } from './support/world.js'

const { metainfo, data } = makeTorrent({ lengthBytes: 100_000, pieceBytes: 16_384 })

it.each([
  [99_999, [['there may not be enough free space', { torrent: 'data', freeBytes: 99_999, neededBytes: 100_000 }]]],
  [100_000, []],
])('with %i bytes of free space for 100,000 the warnings before the start are right', async (freeBytes, expected) => {
  const world = new World()
  const inner: Storage = new TestStorage(data.length)
  const storage: Storage = {
    name: 'small',
    open: async (...args) => wrapStorage(await inner.open(...args), { freeBytes: async () => freeBytes }),
  }
  const engine = await world.node('10.0.0.1', { storage })
  const torrent = await world.add(engine, metainfo)
  await torrent.ready
  expect(world.warnings).toEqual(expected)
  expect(torrent.view.state).toBe('downloading')
})

it('is not looked at for a torrent that has all its data', async () => {
  const world = new World()
  const resumeStore = memoryResumeStore()
  let looks = 0
  const inner: Storage = new TestStorage(0, data)
  const storage: Storage = {
    name: 'small',
    open: async (...args) => wrapStorage(await inner.open(...args), { freeBytes: async () => (looks++, 0) }),
  }
  const start = async (host: string) => {
    const engine = await world.node(host, { storage, resumeStore })
    const torrent = await world.add(engine, metainfo)
    await torrent.ready
    await world.clock.advance(1_000)
    expect(torrent.view.state).toBe('seeding')
    await engine.close()
  }
  await start('10.0.0.1')
  expect([looks, world.warnings.length]).toEqual([0, 0])
  await start('10.0.0.2')
  expect([looks, world.warnings.length]).toEqual([0, 0])
})

it('is compared with what is missing, also where a record says that all was here', async () => {
  const world = new World()
  const resumeStore = memoryResumeStore()
  const start = async (host: string, inner: TestStorage, check: 'full' | 'resume') => {
    const storage: Storage = {
      name: 'small',
      open: async (content) => wrapStorage(await inner.open(content), { freeBytes: async () => 40_000 }),
    }
    const engine = await world.node(host, { storage, resumeStore })
    await (
      await world.add(engine, metainfo, { check })
    ).ready
    await world.clock.advance(1_000)
    await engine.close()
    return world.warnings.splice(0)
  }
  const told = (neededBytes: number) => [
    ['there may not be enough free space', { torrent: 'data', freeBytes: 40_000, neededBytes }],
  ]
  expect(await start('10.0.0.1', new TestStorage(0, data.slice()), 'resume')).toEqual([])
  const spoilt = data.slice().fill(0, 0, 3 * 16_384)
  expect(await start('10.0.0.2', new TestStorage(0, spoilt), 'full')).toEqual(told(3 * 16_384))
  expect(await start('10.0.0.3', new TestStorage(0, data.slice().fill(0, 0, 32_768)), 'full')).toEqual([])
})

it('is not asked for by pieces that nobody wants', async () => {
  const world = new World()
  const inner = new TestStorage(data.length)
  const storage: Storage = {
    name: 'small',
    open: async (content) => wrapStorage(await inner.open(content), { freeBytes: async () => 0 }),
  }
  const engine = await world.node('10.0.0.1', { storage })
  await (
    await world.add(engine, metainfo, { wantedFiles: [false] })
  ).ready
  expect(world.warnings).toEqual([])
})

import { expect, it } from 'vitest'
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

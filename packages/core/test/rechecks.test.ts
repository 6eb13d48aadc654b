import { describe, expect, it } from 'vitest'
import { Choker } from '../src/ports/choker.js'
import type { Storage, StorageHandle } from '../src/ports/storage.js'
import { type Plugin, pluginContract } from '../src/session/plugin.js'
import { wrapStorage } from '../src/ports/wrap-storage.js'
import { broken } from './support/life-scene.js'
import { settleMicrotasks } from './support/virtual-clock.js'
import { makeTorrent, TestStorage, World } from './support/world.js'

const piece = 16_384
const pieces = 12
const { metainfo, data } = makeTorrent({ lengthBytes: pieces * piece, pieceBytes: piece })

/** A choker that fails whatever torrent uses it. */
const broke: Plugin = {
  name: 'broke',
  contract: pluginContract,
  bind: (bindings) =>
    bindings.value(Choker, {
      name: 'broke',
      create: () => {
        throw new Error('it broke')
      },
    }),
}

/** A torrent whose data is all there, with reads that are counted and go on one by one. */
async function scene() {
  const world = new World()
  const inner = new TestStorage(0, data.slice())
  let most = 0
  const waiting: (() => void)[] = []
  const storage: Storage = {
    name: 'slow',
    open: async (content, options, signal): Promise<StorageHandle> => {
      const handle = await (inner as Storage).open(content, options, signal)
      return wrapStorage(handle, {
        read: async (...args) => {
          const gate = new Promise<void>((resolve) => waiting.push(resolve))
          most = Math.max(most, waiting.length)
          await gate
          await handle.read(...args)
        },
      })
    },
  }
  /** Lets so many reads go on, each as soon as it is there. */
  const read = async (count: number): Promise<void> => {
    for (let at = 0; at < count; at++) {
      waiting.shift()?.()
      await settleMicrotasks()
    }
  }
  const session = await world.session('10.0.0.1', storage, [broke])
  const { control, view, ready } = await session.add({ torrent: metainfo, directory: '/', choker: 'tit-for-tat' })
  void ready.catch(() => {})
  await settleMicrotasks()
  const fail = async (): Promise<void> => {
    control.use({ choker: 'broke' })
    await settleMicrotasks()
    expect(view.state).toBe('failed')
    control.use({ choker: 'tit-for-tat' })
  }
  return { world, inner, session, control, view, read, fail, most: () => most }
}

describe('a torrent that fails while it is checked, and is checked again', () => {
  it('has one check at a time, and believes the last', async () => {
    const { world, inner, control, view, read, fail, most } = await scene()
    await read(3)
    await fail()
    inner.data.fill(0, 0, piece)
    control.recheck()
    expect(view.state).toBe('checking')
    await read(8)
    expect(view.state).toBe('checking')
    await read(3 * pieces)
    expect([view.state, view.content?.have.count]).toEqual(['downloading', pieces - 1])
    expect(most()).toBe(4)
    expect(world.faults).toEqual([])
  })

  it('reads nothing more until then', async () => {
    const { control, view, read, fail } = await scene()
    await read(3)
    await fail()
    const { checkedPieces } = view.stats
    await read(10)
    expect(view.stats.checkedPieces).toBeLessThanOrEqual(checkedPieces + 4)
    control.recheck()
    await read(3 * pieces)
    expect(view.state).toBe('seeding')
  })

  it('may be removed in any moment of it', async () => {
    for (let reads = 0; reads < 14; reads++) {
      const { world, session, control, read, fail } = await scene()
      await read(3)
      await fail()
      control.recheck()
      await read(reads)
      const closing = session.close()
      await read(3 * pieces)
      await closing
      expect(world.clock.pending).toBe(0)
      expect(world.faults).toEqual([])
    }
  })
})

describe('a torrent that could not even begin', () => {
  it('begins when it is checked again with a strategy that works', async () => {
    const world = new World()
    const session = await world.session('10.0.0.1', new TestStorage(0, data), [broke])
    const { control, view, ready } = await session.add({ torrent: metainfo, directory: '/' })
    await expect(ready).rejects.toThrow('it broke')
    control.use({ choker: 'tit-for-tat' })
    control.recheck()
    expect(await world.clock.runUntil(() => view.state === 'seeding', 1_000)).toBe(true)
    await session.close()
    expect(world.faults).toEqual([])
  })
})

describe('a torrent whose storage could not be opened', () => {
  it('opens it when it is checked again', async () => {
    const world = new World()
    const inner: Storage = new TestStorage(0, data)
    let fails = true
    const storage: Storage = {
      name: 'late',
      open: async (...args) => {
        if (fails) throw broken()
        return inner.open(...args)
      },
    }
    const session = await world.session('10.0.0.1', storage)
    const { control, view, ready } = await session.add({ torrent: metainfo, directory: '/' })
    await expect(ready).rejects.toThrow('the disk broke')
    control.recheck()
    await settleMicrotasks()
    expect(view.state).toBe('failed')
    fails = false
    control.recheck()
    expect(await world.clock.runUntil(() => view.state === 'seeding', 1_000)).toBe(true)
    await session.close()
    expect(world.faults).toEqual([])
  })
})

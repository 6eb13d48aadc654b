import { describe, expect, it } from 'vitest'
import { StorageError } from '../src/bytes/errors.js'
import type { Connection, Transport } from '../src/ports/transport.js'
import type { Storage, StorageHandle } from '../src/ports/storage.js'
import { wrapStorage } from '../src/ports/wrap-storage.js'
import { makeTorrent, TestStorage, World } from './support/world.js'

const piece = 32_768
const { metainfo, data } = makeTorrent({ lengthBytes: 40 * piece + 100, pieceBytes: piece })
const hour = 3_600_000

/** A storage of which the n-th call of these kinds fails; tells how many there were. */
function failing(inner: Storage, nth: number) {
  const calls = { count: 0 }
  const count = (): void => {
    if (++calls.count === nth) throw new StorageError('IO', 'on purpose', { path: '/data', retry: false })
  }
  const storage: Storage = {
    name: 'failing',
    open: async (...args): Promise<StorageHandle> => {
      count()
      const handle = await inner.open(...args)
      return wrapStorage(handle, {
        read: async (...call) => (count(), handle.read(...call)),
        write: async (...call) => (count(), handle.write(...call)),
        sync: async () => (count(), handle.sync()),
        present: async () => (count(), handle.present()),
      })
    },
  }
  return { storage, calls }
}

/** Ends every connection in the middle of its n-th write from now on, counted over all of them, once. */
function cutting(world: World, nth: number) {
  const writes = { count: 0 }
  const wrap = (connection: Connection): Connection => {
    const { write } = connection
    connection.write = (bytes, done) => {
      if (++writes.count !== nth) return write.call(connection, bytes, done)
      for (const end of world.network.ends) end.close()
      for (const end of world.network.ends) end.ended()
      done()
      return false
    }
    return connection
  }
  const { network } = world
  const transportOf = network.transport.bind(network)
  network.transport = (host): Transport => {
    const inner = transportOf(host)
    return {
      ...inner,
      dial: async (...args) => wrap(await inner.dial(...args)),
      listen: async (at, accept) => {
        const listening = await inner.listen?.(at, (connection) => accept(wrap(connection)))
        if (listening === undefined) throw new Error('it cannot listen')
        return listening
      },
    }
  }
  return writes
}

/** A download of one seed; a torrent that fails is checked again, as a user would. */
async function download(world: World, storage: Storage, target: TestStorage) {
  const seed = await world.node('10.0.0.2', { storage: new TestStorage(0, data) })
  await (
    await world.add(seed, metainfo, { check: 'skip' })
  ).ready
  const engine = await world.node('10.0.0.1', { storage })
  const torrent = await world.add(engine, metainfo, { peers: [world.endpoint('10.0.0.2')] })
  torrent.ready.catch(() => {})
  torrent.completed.catch(() => {})
  const errors: unknown[] = []
  const isDone = await world.clock.runUntil(() => {
    if (torrent.view.state === 'failed' || torrent.view.state === 'blocked') {
      errors.push(torrent.view.error)
      torrent.control.recheck()
    }
    return torrent.view.state === 'seeding'
  }, hour)
  // The last flush may be the one that fails: whoever closes hears of it.
  await engine
    .close()
    .catch((error: unknown) => errors.push(...(error instanceof AggregateError ? error.errors : [error])))
  await seed.close()
  return { isRight: isDone && Buffer.from(target.data).equals(Buffer.from(data)), errors }
}

describe('one fault, wherever it comes', () => {
  it('of the disk: the torrent says so, and is whole after a check', async () => {
    const target = new TestStorage(data.length)
    const whole = failing(target, Infinity)
    await download(new World(), whole.storage, target)
    expect(whole.calls.count).toBeGreaterThan(40)
    for (let nth = 1; nth <= whole.calls.count; nth++) {
      const world = new World()
      const target = new TestStorage(data.length)
      const { storage, calls } = failing(target, nth)
      const { isRight, errors } = await download(world, storage, target)
      const isTyped = errors.every((error) => error instanceof StorageError)
      expect({ nth, isRight, isTyped, violations: target.violations }).toEqual({
        nth,
        isRight: true,
        isTyped: true,
        violations: [],
      })
      expect(calls.count).toBeGreaterThanOrEqual(nth)
    }
  })

  it('of the network: every connection breaks in the middle of a write, and the data is right', async () => {
    const world = new World()
    const { count } = await (async () => {
      const writes = cutting(world, Infinity)
      await download(world, new TestStorage(data.length), new TestStorage(0))
      return writes
    })()
    expect(count).toBeGreaterThan(50)
    for (let nth = 1; nth <= count; nth++) {
      const world = new World()
      const target = new TestStorage(data.length)
      cutting(world, nth)
      const { isRight, errors } = await download(world, target, target)
      expect({ nth, isRight, errors, faults: world.faults }).toEqual({ nth, isRight: true, errors: [], faults: [] })
    }
  })
})

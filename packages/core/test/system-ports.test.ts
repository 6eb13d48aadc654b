import { describe, expect, it, vi } from 'vitest'
import { seededRandom } from '../src/bytes/seeded-random.js'
import { memoryPool } from '../src/driver/memory-pool.js'
import { systemClock } from '../src/node/clock.js'
import { nodePorts } from '../src/node/node-ports.js'
import { systemRandom } from '../src/node/random.js'
import { systemResolver } from '../src/node/resolver.js'
import { tokenName } from '../src/ports/token.js'
import type { Bindings, PluginHost } from '../src/session/plugin.js'

describe('clock', () => {
  it('runs once the delay is over and not before', async () => {
    const clock = systemClock()
    const begin = clock.nowMs()
    for (const delayMs of [0, 1, 3]) {
      const from = clock.nowMs()
      await new Promise<void>((resolve) => clock.after(delayMs, resolve))
      expect(clock.nowMs() - from).toBeGreaterThanOrEqual(delayMs)
    }
    expect(clock.nowMs()).toBeGreaterThan(begin)
    expect(Math.abs(clock.wallMs() - Date.now())).toBeLessThan(1_000)
  })

  it('runs nothing that was cancelled', async () => {
    const clock = systemClock()
    const ran: string[] = []
    clock.after(1, () => ran.push('cancelled'))()
    await new Promise<void>((resolve) => clock.after(5, resolve))
    expect(ran).toEqual([])
  })

  it('waits longer than a timer of Node can', () => {
    vi.useFakeTimers()
    try {
      const clock = systemClock()
      const days = 86_400_000
      let ran = 0
      clock.after(60 * days, () => ran++)
      vi.advanceTimersByTime(60 * days - 1)
      expect(ran).toBe(0)
      vi.advanceTimersByTime(2)
      expect(ran).toBe(1)
    } finally {
      vi.useRealTimers()
    }
  })
})

describe.each([
  ['system', () => systemRandom()],
  ['seeded', () => seededRandom('seed')],
])('random, %s', (_name, make) => {
  it('gives bytes of the length asked for, and numbers below a limit that reach every value', () => {
    const random = make()
    expect(random.bytes(0).length).toBe(0)
    expect(random.bytes(20).length).toBe(20)
    expect(random.bytes(20)).not.toEqual(random.bytes(20))
    const seen = new Set(Array.from({ length: 400 }, () => random.below(5)))
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4])
    expect(random.below(1)).toBe(0)
    const large = Array.from({ length: 50 }, () => random.below(2 ** 32))
    expect(large.every((value) => Number.isInteger(value) && value >= 0 && value < 2 ** 32)).toBe(true)
    expect(large.some((value) => value >= 2 ** 31)).toBe(true)
  })

  it('forks streams that differ', () => {
    const random = make()
    expect(random.fork('a').bytes(16)).not.toEqual(random.fork('b').bytes(16))
  })
})

describe('seeded random', () => {
  it('replays: the same seed and names give the same numbers, whatever was drawn before', () => {
    const [left, right] = [seededRandom(7), seededRandom('7')]
    expect(left.bytes(40)).toEqual(right.bytes(40))
    left.bytes(1)
    expect(left.fork('picker/t1').bytes(16)).toEqual(right.fork('picker/t1').bytes(16))
  })

  it('tells a fork of a fork from a fork with both names', () => {
    const random = seededRandom(7)
    expect(random.fork('a').fork('b').bytes(16)).not.toEqual(random.fork('a/b').bytes(16))
  })

  it('spreads evenly, also for neighbouring seeds', () => {
    const counts = Array.from({ length: 16 }, () => 0)
    for (let seed = 0; seed < 4_000; seed++) {
      const value = seededRandom(seed).below(16)
      counts[value] = (counts[value] ?? 0) + 1
    }
    for (const count of counts) expect(Math.abs(count - 250)).toBeLessThan(80)
  })
})

describe('resolver', () => {
  const never = new AbortController().signal

  it('answers a numeric host as it is, and a name by the system', async () => {
    const resolver = systemResolver()
    expect(await resolver.resolve('2001:db8::1', never)).toEqual(['2001:db8::1'])
    const addresses = await resolver.resolve('localhost', never)
    expect(addresses.length).toBeGreaterThan(0)
    expect(addresses.every((address) => ['127.0.0.1', '::1'].includes(address))).toBe(true)
  })

  it('rejects by name what has no address, and with the reason of its signal', async () => {
    const resolver = systemResolver()
    const unknown = resolver.resolve('no such name', never)
    await expect(unknown).rejects.toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining('no such name') })
    const reason = new Error('enough')
    await expect(resolver.resolve('localhost', AbortSignal.abort(reason))).rejects.toBe(reason)
    const controller = new AbortController()
    const asking = resolver.resolve('localhost', controller.signal)
    controller.abort(reason)
    await expect(asking).rejects.toBe(reason)
  })
})

describe('memory pool', () => {
  it('gives buffers of their own, and the one given back last first', () => {
    const pool = memoryPool()
    const [first, second] = [pool.take(1_000), pool.take(1_000)]
    expect([first.byteOffset, first.buffer.byteLength]).toEqual([0, 1_000])
    expect(second.buffer).not.toBe(first.buffer)
    pool.give(first)
    pool.give(second)
    expect(pool.take(1_000)).toBe(second)
    expect(pool.take(1_000)).toBe(first)
    expect(pool.take(999).length).toBe(999)
  })

  it('keeps no more than its limit, the sizes in use before those of the past', () => {
    const pool = memoryPool(3_000)
    const old = [pool.take(1_000), pool.take(1_000)]
    const current = [pool.take(1_500), pool.take(1_500)]
    for (const bytes of [...old, ...current]) pool.give(bytes)
    expect(old).not.toContain(pool.take(1_000))
    expect([pool.take(1_500), pool.take(1_500)]).toEqual([current[1], current[0]])
    const large = new Uint8Array(3_001)
    pool.give(large)
    expect(pool.take(3_001)).not.toBe(large)
  })

  it('takes no part of a larger buffer and nothing that is detached', () => {
    const pool = memoryPool()
    const part = new Uint8Array(100).subarray(0, 50)
    pool.give(part)
    expect(pool.take(50)).not.toBe(part)
    const gone = new Uint8Array(10)
    structuredClone(gone, { transfer: [gone.buffer] })
    pool.give(gone)
    expect(pool.take(10).length).toBe(10)
  })
})

describe('nodePorts', () => {
  it('binds every port of the machine and ends its hasher with the session', async () => {
    const bound: string[] = []
    const disposers: (() => void | Promise<void>)[] = []
    const plugin = nodePorts({ hashWorkers: 1 })
    plugin.bind?.({ value: (port: never) => void bound.push(tokenName(port)) } as unknown as Bindings)
    await plugin.apply?.({ defer: (dispose: () => void) => void disposers.push(dispose) } as unknown as PluginHost)
    expect(bound.sort()).toEqual(['Clock', 'Datagram', 'Hasher', 'Random', 'Resolver', 'Transport'])
    expect(disposers.length).toBe(1)
    await disposers[0]?.()
  })
})

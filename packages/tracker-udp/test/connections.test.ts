import { describe, expect, it } from 'vitest'
import { TrackerError } from '@bitloom/core'
import { actions } from '../src/protocol.js'
import { udpTracker } from '../src/udp-tracker.js'
import { countingRandom, goodTracker, identity, network, packet, request, resolverOf, virtualClock } from './fakes.js'
import { deaf, forever, log, names, peer, setting, silent } from './setting.js'

describe('connection ids', () => {
  it('are used again for 60 s, and not after', async () => {
    const { clock, world, announce } = setting(goodTracker())
    await announce()
    await clock.advance(59_999)
    await announce()
    await clock.advance(1)
    await announce()
    expect(log(world)).toEqual(['0 connect', '0 announce', '59.999 announce', '60 connect', '60 announce'])
  })

  it('are asked for once by many', async () => {
    const { world, announce } = setting(goodTracker())
    await Promise.all(Array.from({ length: 50 }, () => announce()))
    expect(world.sent.filter(({ action }) => action === actions.connect).length).toBe(1)
    expect(new Set(world.sent.map(({ transactionId }) => transactionId)).size).toBe(51)
    expect(world.opened.length).toBe(1)
  })

  it('are asked for on behalf of those who stay when the first goes', async () => {
    const good = goodTracker()
    const { clock, world, announce } = setting((sent) => (sent.atMs < 15_000 ? [] : good(sent)))
    const controller = new AbortController()
    const first = announce({}, controller.signal)
    const second = announce()
    await clock.advance(1000)
    controller.abort()
    await expect(first).rejects.toBeInstanceOf(TrackerError)
    await clock.advance(14_000)
    expect((await second).peers).toEqual([peer])
    expect(log(world)).toEqual(['0 connect', '15 connect', '15 announce'])
  })

  it('stand apart by transaction ids that never repeat among requests under way', async () => {
    const clock = virtualClock()
    const world = network(clock, silent)
    const bytes = [5, 5, 6, 5, 7, 6, 8]
    const random = { ...countingRandom(), bytes: () => Uint8Array.of(0, 0, 0, bytes.shift() ?? 9) }
    const tracker = udpTracker({ datagram: world, resolver: resolverOf(names), clock, random }, {})
    for (const port of [1, 2]) {
      const url = `udp://tracker.example.com:${port}`
      tracker.announce({ ...request, url }, identity, forever).catch(() => {})
    }
    await clock.advance(1)
    // The announces hold 5 and 6 already when they connect.
    expect(world.sent.map(({ transactionId }) => transactionId)).toEqual([7, 8])
    await tracker.close()
  })

  it('belong to one address', async () => {
    const { world, announce } = setting(goodTracker())
    await announce()
    await announce({ url: 'udp://tracker.example.com:7000' })
    expect(log(world)).toEqual(['0 connect', '0 announce', '0 connect', '0 announce'])
  })

  it('that a restarted tracker refuses are replaced', async () => {
    const good = goodTracker()
    let valid = 1n
    const { world, announce } = setting((sent) =>
      sent.action === actions.announce && sent.connectionId !== valid
        ? [{ bytes: packet(3, sent.transactionId, 'connection id missmatch') }]
        : good(sent),
    )
    await announce()
    valid = 2n
    expect((await announce()).peers).toEqual([peer])
    expect(log(world)).toEqual(['0 connect', '0 announce', '0 announce', '0 connect', '0 announce'])
  })

  it('do not turn a refusal into a loop', async () => {
    let shouldRefuse = false
    const good = goodTracker()
    const { world, announce } = setting((sent) =>
      shouldRefuse && sent.action === actions.announce ? [{ bytes: packet(3, sent.transactionId, 'no') }] : good(sent),
    )
    await announce()
    shouldRefuse = true
    await expect(announce()).rejects.toMatchObject({ code: 'TRACKER_FAILURE' })
    expect(log(world)).toEqual(['0 connect', '0 announce', '0 announce', '0 connect', '0 announce'])
  })

  it('that a restarted tracker ignores are replaced', async () => {
    const good = goodTracker()
    let valid = 1n
    const { clock, world, announce } = setting((sent) =>
      sent.action === actions.announce && sent.connectionId !== valid ? [] : good(sent),
    )
    await announce()
    valid = 2n
    const result = announce()
    await clock.advance(15_000)
    expect((await result).peers).toEqual([peer])
    expect(log(world)).toEqual(['0 connect', '0 announce', '0 announce', '15 connect', '15 announce'])
  })
})

describe('retransmission (BEP 15, "time outs")', () => {
  it('connects again after 15 · 2^n s, n at most 8', async () => {
    const { clock, world, announce } = setting(silent, 20_000_000)
    void announce()
    await clock.advance(12_000_000)
    expect(world.sent.map(({ atMs }) => atMs / 1000)).toEqual([0, 15, 45, 105, 225, 465, 945, 1905, 3825, 7665, 11_505])
    expect(new Set(world.sent.map(({ action }) => action))).toEqual(new Set([actions.connect]))
    expect(new Set(world.sent.map(({ transactionId }) => transactionId)).size).toBe(1)
  })

  it('announces again, and connects again once the connection id has expired', async () => {
    const { clock, world, announce } = setting(deaf())
    void announce()
    await clock.advance(226_000)
    expect(log(world)).toEqual([
      '0 connect',
      '0 announce',
      '15 announce',
      '45 announce',
      '105 connect',
      '105 announce',
      '225 connect',
      '225 announce',
    ])
    const announces = world.sent.filter(({ action }) => action === actions.announce)
    expect(announces.map(({ connectionId }) => connectionId)).toEqual([1n, 1n, 1n, 2n, 3n])
    expect(new Set(announces.map(({ transactionId }) => transactionId)).size).toBe(1)
  })

  it('takes a reply that is late', async () => {
    const late: { bytes: Uint8Array }[] = []
    const good = goodTracker()
    const { clock, world, announce } = setting((sent) => {
      const now = late.splice(0)
      if (sent.action === actions.announce && sent.atMs === 0) late.push(...good(sent))
      return sent.action === actions.connect ? good(sent) : now
    })
    const result = announce()
    await clock.advance(15_000)
    expect((await result).peers).toEqual([peer])
    expect(log(world)).toEqual(['0 connect', '0 announce', '15 announce'])
  })

  it('gives up after 30 s by default and sends no more', async () => {
    const clock = virtualClock()
    const world = network(clock, silent)
    const ports = { datagram: world, resolver: resolverOf(names), clock, random: countingRandom() }
    const result = udpTracker(ports, {}).announce(request, identity, forever)
    const failure = result.catch((error: unknown) => error)
    await clock.advance(29_999)
    expect(world.openCount()).toBe(1)
    await clock.advance(1_000_000)
    expect(await failure).toMatchObject({
      code: 'TRACKER_UNREACHABLE',
      message: 'the tracker udp://tracker.example.com:6969/announce did not answer within 30 s',
    })
    expect(log(world)).toEqual(['0 connect', '15 connect'])
    expect([world.openCount(), clock.timers]).toEqual([0, 0])
  })
})

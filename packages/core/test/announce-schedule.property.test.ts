import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { TrackerError } from '../src/bytes/errors.js'
import { type Deed, highest, lowest, type Reply, trace } from './announce-trace.js'

const reply: fc.Arbitrary<Reply> = fc
  .record({
    afterS: fc.constantFrom(0, 1, 14, 16, 40, 300),
    kind: fc.constantFrom('answer', 'answer', 'fail', 'skip', 'wish', 'never'),
    intervalMs: fc.constantFrom(undefined, 0, 90_000, NaN, Infinity),
    minIntervalMs: fc.constantFrom(undefined, -1, 20_000, 600_000),
  })
  .map(({ afterS, kind, intervalMs, minIntervalMs }) => {
    const answer = {
      ...(intervalMs === undefined ? {} : { intervalMs }),
      ...(minIntervalMs === undefined ? {} : { minIntervalMs }),
    }
    if (kind === 'answer') return { afterS, answer }
    if (kind === 'skip') return { afterS, skip: true }
    const retryInMs = { fail: undefined, wish: 90_000, never: Infinity }[kind]
    return { afterS, error: new TrackerError('TRACKER_FAILURE', 'no', retryInMs === undefined ? {} : { retryInMs }) }
  })

const deeds: Record<string, Deed> = {
  start: (it, nowMs) => it.start(nowMs),
  stop: (it, nowMs) => it.stop(nowMs),
  completed: (it, nowMs) => it.completed(nowMs),
  announceNow: (it, nowMs) => it.announceNow(nowMs),
  wantPeers: (it, nowMs) => it.wantPeers(nowMs),
  add: (it) => it.add('udp://z:1'),
}

it('never spins, never hurries a tracker, and sends events in an order that makes sense', () => {
  const script = fc.record({
    tiers: fc.constantFrom([['a']], [['a', 'b'], ['c']], [['a'], ['b'], ['c', 'd']]),
    replies: fc.array(reply, { minLength: 1, maxLength: 12 }),
    random: fc.constantFrom(highest, lowest),
    acts: fc.array(fc.tuple(fc.integer({ min: 1, max: 4000 }), fc.constantFrom(...Object.keys(deeds))), {
      maxLength: 8,
    }),
  })
  fc.assert(
    fc.property(script, ({ tiers, replies, random, acts }) => {
      let turn = 0
      const lines = trace({
        tiers,
        random,
        untilS: 20_000,
        reply: () => replies[turn++ % replies.length] ?? {},
        deeds: Object.fromEntries(acts.map(([atS, name]) => [atS, deeds[name] ?? (() => undefined)])),
      })
      for (const name of new Set(lines.map((line) => line.split(' ')[1]))) {
        const own = lines.filter((line) => line.split(' ')[1] === name)
        const events = own.map((line) => line.split(' ')[2])
        expect(events[0]).toBe('started')
        expect(events.join(' ')).not.toContain('stopped stopped')
        const times = own.filter((line) => line.includes('regular')).map((line) => Number(line.split(' ')[0]))
        for (const [index, atS] of times.slice(1).entries())
          expect(atS - (times[index] ?? 0)).toBeGreaterThanOrEqual(15)
      }
    }),
    { numRuns: 300 },
  )
})

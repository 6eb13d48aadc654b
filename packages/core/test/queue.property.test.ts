import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { type Lane, TorrentQueue, type QueueVerdict } from '../src/torrent/queue.js'

const count = 9
const item = fc.nat(count - 1)
const limit = fc.option(fc.nat(4), { nil: undefined })
const step = fc.oneof(
  fc.record({ kind: fc.constant('enter' as const), item, lane: fc.constantFrom<Lane>('download', 'seed') }),
  fc.record({ kind: fc.constant('leave' as const), item }),
  fc.record({ kind: fc.constant('force' as const), item, on: fc.boolean() }),
  fc.record({ kind: fc.constant('lend' as const), item, on: fc.boolean() }),
  fc.record({
    kind: fc.constant('move' as const),
    item,
    to: fc.oneof(fc.constantFrom('top' as const, 'up' as const, 'down' as const, 'bottom' as const), fc.nat(count)),
  }),
  fc.record({ kind: fc.constant('limits' as const), activeDownloads: limit, activeSeeds: limit }),
)

/** The slow way: in order, as many in each lane as the limit lets, and all that are forced or lend their turn. */
function slowly(
  order: readonly number[],
  lanes: ReadonlyMap<number, Lane>,
  free: (one: number) => boolean,
  limits: Readonly<Record<Lane, number>>,
): Set<number> {
  const left = { ...limits }
  return new Set(
    order.filter((one) => {
      const lane = lanes.get(one)
      return lane !== undefined && (free(one) || left[lane]-- > 0)
    }),
  )
}

it('runs whom the slow way would run, and tells every change once', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = new TorrentQueue<number>({})
      const [lanes, forced, lent, running] = [
        new Map<number, Lane>(),
        new Set<number>(),
        new Set<number>(),
        new Set<number>(),
      ]
      let limits = { download: Infinity, seed: Infinity }
      for (let one = 0; one < count; one++) queue.add(one)
      const take = (verdicts: readonly QueueVerdict<number>[], asked?: number): void => {
        const news = verdicts.filter(({ item: one }) => one !== asked)
        expect(news.map(({ item: one }) => running.has(one))).toEqual(news.map(({ runs }) => !runs))
        expect(new Set(verdicts.map(({ item: one }) => one)).size).toBe(verdicts.length)
        for (const { item: one, runs } of verdicts) {
          if (runs) running.add(one)
          else running.delete(one)
        }
      }
      for (const one of steps) {
        if (one.kind === 'enter') {
          if (lanes.get(one.item) !== one.lane) lent.delete(one.item)
          lanes.set(one.item, one.lane)
          running.delete(one.item)
          take(queue.enter(one.item, one.lane), one.item)
        } else if (one.kind === 'leave') {
          lanes.delete(one.item)
          lent.delete(one.item)
          running.delete(one.item)
          take(queue.leave(one.item))
        } else if (one.kind === 'force') {
          if (one.on) forced.add(one.item)
          else forced.delete(one.item)
          take(queue.force(one.item, one.on))
        } else if (one.kind === 'lend') {
          if (!one.on) lent.delete(one.item)
          else if (running.has(one.item)) lent.add(one.item)
          take(queue.lend(one.item, one.on))
        } else if (one.kind === 'move') {
          take(queue.move(one.item, one.to).verdicts)
        } else {
          limits = { download: one.activeDownloads ?? Infinity, seed: one.activeSeeds ?? Infinity }
          take(queue.setLimits(one))
        }
        const order = Array.from({ length: count }, (_, at) => at).sort(
          (a, b) => (queue.position(a) ?? 0) - (queue.position(b) ?? 0),
        )
        expect(running).toEqual(slowly(order, lanes, (who) => forced.has(who) || lent.has(who), limits))
      }
    }),
    { numRuns: 300 },
  )
})

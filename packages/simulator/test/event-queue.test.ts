import { seededRandom } from '@bitloom/core'
import { describe, expect, it } from 'vitest'
import { EventQueue, type EventTarget } from '../src/event-queue.js'

class Noted implements EventTarget {
  isCancelled = false

  constructor(
    readonly traceId: number,
    readonly atMs: number,
    readonly heard: number[],
  ) {}

  fire(): void {
    this.heard.push(this.traceId)
  }
}

describe('the queue of events', () => {
  it.each(['1', '2', '3'])('fires in order of time, then of scheduling, without the cancelled: seed %s', (seed) => {
    const random = seededRandom(seed)
    const queue = new EventQueue()
    const heard: number[] = []
    const all: Noted[] = []
    let nowMs = 0
    const schedule = (): void => {
      // Now, in the same span of time, soon, and far ahead; often at one moment with others.
      const aheadMs = [0, random.below(8), random.below(200), 1_000 * random.below(60)][random.below(4)] ?? 0
      const target = new Noted(all.length, nowMs + aheadMs, heard)
      all.push(target)
      queue.push(target.atMs, target, 0)
    }
    for (let step = 0; step < 3_000; step++) {
      for (let count = random.below(4); count > 0; count--) schedule()
      const victim = all[random.below(all.length + 1)]
      if (victim !== undefined && victim.atMs > nowMs + 16 && random.below(3) === 0) victim.isCancelled = true
      if (queue.nextMs === Infinity) continue
      expect(queue.nextMs).toBeGreaterThanOrEqual(nowMs)
      nowMs = queue.nextMs
      queue.pop((target, code) => target.fire(code))
    }
    while (queue.nextMs < Infinity) queue.pop((target, code) => target.fire(code))
    const expected = all
      .filter(({ isCancelled }) => !isCancelled)
      .sort((a, b) => a.atMs - b.atMs || a.traceId - b.traceId)
      .map(({ traceId }) => traceId)
    const late = heard.filter((id) => all[id]?.isCancelled !== true)
    expect(late).toEqual(expected)
    expect(queue.size).toBe(0)
  })

  it('drops what was cancelled long before its time without firing it', () => {
    const heard: number[] = []
    const queue = new EventQueue()
    const targets = [1, 2, 3].map((id) => new Noted(id, 10_000, heard))
    for (const target of targets) queue.push(target.atMs, target, 0)
    if (targets[1] !== undefined) targets[1].isCancelled = true
    while (queue.nextMs < Infinity) queue.pop((target, code) => target.fire(code))
    expect(heard).toEqual([1, 3])
  })
})

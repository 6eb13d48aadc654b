import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Endpoint, formatEndpoint } from '../src/ports/endpoint.js'
import { type HeapItem, IndexedHeap } from '../src/torrent/indexed-heap.js'
import { KnownAddresses } from '../src/torrent/known-addresses.js'

const endpoints = Array.from({ length: 12 }, (_, n): Endpoint => ({ kind: 'ip', host: `10.0.0.${n + 1}`, port: 6881 }))
const deeds = ['add', 'addUser', 'dial', 'connected', 'failed', 'disconnected', 'seed'] as const

describe('KnownAddresses', () => {
  it('offers only what is idle and due, and everything that is, whatever happens', () => {
    const step = fc.record({ deed: fc.constantFrom(...deeds), at: fc.nat(11), afterMs: fc.nat(50_000) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const addresses = new KnownAddresses(8, () => false)
        const busy = new Set<string>()
        let nowMs = 0
        for (const { deed, at, afterMs } of steps) {
          const endpoint = endpoints[at] as Endpoint
          const name = formatEndpoint(endpoint)
          nowMs += afterMs
          if (deed === 'add') addresses.add(endpoint, 'pex', nowMs)
          if (deed === 'addUser') addresses.add(endpoint, 'user', nowMs)
          if (deed === 'seed') addresses.markSeed(endpoint, at % 2 === 0)
          if (deed === 'dial') {
            const next = addresses.next(nowMs)
            if (next !== undefined) addresses.dialling(next)
            if (next !== undefined) busy.add(formatEndpoint(next))
          }
          if (deed === 'connected' && busy.has(name)) addresses.connected(endpoint, nowMs)
          if (deed === 'failed' || deed === 'disconnected') {
            if (!busy.delete(name)) continue
            addresses.disconnected(endpoint, nowMs, deed === 'failed' ? 'lost' : 'let-go')
          }
          expect(addresses.size).toBeLessThanOrEqual(8)
        }
        // Long after, all that is not busy comes up, once each.
        const offered: string[] = []
        for (let next = addresses.next(1e12); next !== undefined; next = addresses.next(1e12)) {
          offered.push(formatEndpoint(next))
          addresses.dialling(next)
        }
        expect(new Set(offered).size).toBe(offered.length)
        expect(offered.filter((name) => busy.has(name))).toEqual([])
        expect(offered.length + busy.size).toBe(addresses.size)
      }),
      { numRuns: 300 },
    )
  })
})

describe('IndexedHeap', () => {
  it('gives items in order after any pushes and removals', () => {
    const item = fc.record({ rank: fc.nat(20), remove: fc.boolean() })
    fc.assert(
      fc.property(fc.array(item, { maxLength: 40 }), (items) => {
        const heap = new IndexedHeap<HeapItem & { rank: number }>((a, b) => a.rank < b.rank)
        const all = items.map(({ rank, remove }) => ({ rank, remove, heapAt: -1 }))
        for (const entry of all) heap.push(entry)
        const removed = all.filter(({ remove }) => remove)
        expect(removed.map((entry) => heap.remove(entry))).toEqual(removed.map(() => true))
        expect(removed.map((entry) => heap.remove(entry))).toEqual(removed.map(() => false))
        const left: number[] = []
        for (let first = heap.first; first !== undefined; first = heap.first) {
          left.push(first.rank)
          heap.remove(first)
        }
        expect(left).toEqual(all.flatMap(({ rank, remove }) => (remove ? [] : [rank])).sort((a, b) => a - b))
      }),
      { numRuns: 300 },
    )
  })
})

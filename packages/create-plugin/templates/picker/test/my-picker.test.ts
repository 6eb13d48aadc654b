import { pickerConformance } from '@bitloom/conformance'
import type { PeerView, Picks, PickView, Random } from '@bitloom/core'
import { describe, expect, it } from 'vitest'
import myPicker from '../src/index.js'
import { createPicker } from '../src/my-picker.js'

// What every picker promises. Priorities are advice, which this one does not take.
pickerConformance({ describe, it }, { picker: createPicker(4), honoursPriorities: false })

/** The order in which eight pieces are taken from a peer that has all, when chance says `chances`. */
function orderOf(...chances: readonly number[]): string {
  const queue = [...chances]
  const order: number[] = []
  const torrent = { pieceCount: 8, nextWanted: (from: number) => (from < 8 ? from : -1) } as PickView
  const random = { below: () => queue.shift() ?? 1 } as unknown as Random
  const picks = {
    get left() {
      return 8 - order.length
    },
    takePartials: () => 0,
    take: (piece: number) => (order.includes(piece) ? 0 : order.push(piece)),
  } as unknown as Picks
  createPicker(4)
    .create(torrent, random)
    .pick({} as PeerView, picks)
  return order.join(' ')
}

describe('my-picker', () => {
  it('takes pieces in order', () => expect(orderOf(1)).toBe('0 1 2 3 4 5 6 7'))

  it('now and then begins at a random piece', () => expect(orderOf(0, 5)).toBe('5 6 7 0 1 2 3 4'))

  it('refuses options that make no sense', () => {
    expect(() => myPicker({ randomEvery: 0 })).toThrow(/randomEvery/)
  })
})

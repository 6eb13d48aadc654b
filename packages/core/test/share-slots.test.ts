import { describe, expect, it } from 'vitest'
import { shareSlots } from '../src/torrent/share-slots.js'

describe('shareSlots', () => {
  it.each([
    ['an even share', 8, [9, 9, 9, 9], [2, 2, 2, 2]],
    ['the rest goes to the first', 6, [9, 9, 9, 9], [2, 2, 1, 1]],
    ['never more than are interested', 8, [1, 9, 2], [1, 5, 2]],
    ['nothing for a torrent without interest', 4, [0, 3, 0], [0, 3, 0]],
    ['too few: the first ones get one', 2, [5, 5, 5], [1, 1, 0]],
    ['none at all', 0, [5], [0]],
    ['no limit: everybody', Infinity, [3, 70], [3, 70]],
    ['a first one for each before a second one', 3, [100, 1, 1], [1, 1, 1]],
  ])('%s', (_, total, interested, expected) => {
    const demands = interested.map((count, at) => ({ torrentId: `t${at}`, interested: count }))
    expect([...shareSlots(total, demands).values()]).toEqual(expected)
  })
})

import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { allowedFastSet } from '../src/torrent/fast-set.js'

const sha1 = (bytes: Uint8Array): Uint8Array => createHash('sha1').update(bytes).digest()
const infoHash = new Uint8Array(20).fill(0xaa)
const nine = [1059, 431, 808, 1217, 287, 376, 1188, 353, 508]

describe('allowedFastSet', () => {
  it.each([
    [7, nine.slice(0, 7)],
    [9, nine],
  ])('gives the %i pieces of BEP 6', (count, expected) => {
    expect(allowedFastSet(infoHash, Uint8Array.of(80, 4, 4, 200), 1313, count, sha1)).toEqual(expected)
  })

  it('gives one network one set, whatever the last byte', () => {
    const set = (...ip: readonly number[]): readonly number[] =>
      allowedFastSet(infoHash, Uint8Array.from(ip), 1313, 9, sha1)
    expect(set(80, 4, 4, 1)).toEqual(nine)
    expect(set(80, 4, 5, 200)).not.toEqual(nine)
  })

  it.each([
    [10, 3, [0, 1, 2]],
    [10, 1, [0]],
    [10, 0, []],
    [0, 5, []],
  ])('asked for %i of %i pieces it ends', (count, pieceCount, expected) => {
    const set = allowedFastSet(infoHash, Uint8Array.of(10, 0, 0, 1), pieceCount, count, sha1)
    expect([...set].sort((a, b) => a - b)).toEqual(expected)
  })
})

import { describe, expect, it } from 'vitest'
import { leafCountOf, leavesOf, merkleRoot, nextPowerOfTwo, pieceLayerRoot, zeroRoot } from '../src/metainfo/merkle.js'
import { digest } from './torrent-fixture.js'

const leaf = 16_384
const sha256 = (...parts: Uint8Array[]) => digest('sha256', Uint8Array.from(parts.flatMap((part) => [...part])))
const zero = new Uint8Array(32)
const data = (lengthBytes: number) => Uint8Array.from({ length: lengthBytes }, (_, at) => (at * 7 + (at >> 8)) & 0xff)

/** The root as the definition says it: all leaves there, the missing ones zero. */
function plainRoot(leaves: readonly Uint8Array[], count: number): Uint8Array {
  let nodes = Array.from({ length: count }, (_, index) => leaves[index] ?? zero)
  while (nodes.length > 1) {
    nodes = Array.from({ length: nodes.length / 2 }, (_, pair) =>
      sha256(nodes[pair * 2] as Uint8Array, nodes[pair * 2 + 1] as Uint8Array),
    )
  }
  return nodes[0] as Uint8Array
}

const slices = (bytes: Uint8Array) =>
  Array.from({ length: bytes.length / 32 }, (_, index) => bytes.subarray(index * 32, index * 32 + 32))

describe('merkle', () => {
  it('hashes leaves of 16 KiB, the last one as long as it is', () => {
    const bytes = data(leaf + 5)
    expect(slices(leavesOf(bytes, digest))).toEqual([sha256(bytes.subarray(0, leaf)), sha256(bytes.subarray(leaf))])
  })

  it.each([0, 1, 2, 3, 4, 5, 7, 8, 9, 13])('the root over %i leaves, missing ones zero', (count) => {
    const leaves = leavesOf(data(count * leaf), digest)
    for (const width of [nextPowerOfTwo(count), 16, 64]) {
      expect(merkleRoot(leaves, width, digest)).toEqual(plainRoot(slices(leaves), width))
    }
  })

  it.each([1, 2, 3, 5, 8])('the layer of %i pieces leads to the root of all leaves', (pieces) => {
    const leaves = slices(leavesOf(data((pieces - 1) * 4 * leaf + leaf + 1), digest))
    const roots = Array.from({ length: pieces }, (_, piece) => plainRoot(leaves.slice(piece * 4, piece * 4 + 4), 4))
    const layer = Uint8Array.from(roots.flatMap((root) => [...root]))
    expect(pieceLayerRoot(layer, 4 * leaf, digest)).toEqual(plainRoot(leaves, nextPowerOfTwo(pieces) * 4))
  })

  it('knows how wide trees are', () => {
    expect([1, leaf, leaf + 1, 3 * leaf, 5 * leaf].map(leafCountOf)).toEqual([1, 1, 2, 4, 8])
    expect([zeroRoot(1, digest), zeroRoot(4, digest)]).toEqual([zero, plainRoot([], 4)])
  })

  it('gives a root that is not part of its input', () => {
    const leaves = leavesOf(data(3), digest)
    merkleRoot(leaves, 1, digest).fill(0)
    expect(leaves).toEqual(leavesOf(data(3), digest))
  })
})

/** Merkle trees of BEP 52: SHA-256, leaves of 16 KiB, missing leaves are 32 zero bytes, as many leaves as a power of two. */
import { blockBytes } from './metainfo.js'
import type { Digest } from './read-info.js'

/** The bytes of one node. */
export const nodeBytes = 32

/** The smallest power of two that is not below `count`; 1 for 0. */
export function nextPowerOfTwo(count: number): number {
  let power = 1
  while (power < count) power *= 2
  return power
}

/** How many leaves the tree over so many bytes of one file has, missing ones included. */
export function leafCountOf(lengthBytes: number): number {
  return nextPowerOfTwo(Math.ceil(lengthBytes / blockBytes))
}

/** The hash of each 16 KiB of `data`, the last one maybe of less; 32 bytes each in one fresh array. */
export function leavesOf(data: Uint8Array, digest: Digest): Uint8Array {
  const count = Math.ceil(data.length / blockBytes)
  const leaves = new Uint8Array(count * nodeBytes)
  for (let leaf = 0; leaf < count; leaf++) {
    leaves.set(digest('sha256', data.subarray(leaf * blockBytes, (leaf + 1) * blockBytes)), leaf * nodeBytes)
  }
  return leaves
}

/** The root of a subtree of `leafCount` (a power of two) missing leaves. */
export function zeroRoot(leafCount: number, digest: Digest): Uint8Array {
  let node: Uint8Array = new Uint8Array(nodeBytes)
  for (let width = leafCount; width > 1; width /= 2) node = hashPair(node, node, digest)
  return node
}

/**
 * The root over a layer of nodes (32 bytes each), filled up to `width` nodes (a power of two) with `filler`: 32 zero
 * bytes for leaves, `zeroRoot` of the leaves below a node for higher layers. Gives a fresh array.
 */
export function merkleRoot(
  layer: Uint8Array,
  width: number,
  digest: Digest,
  filler: Uint8Array = new Uint8Array(nodeBytes),
): Uint8Array {
  let nodes = layer
  let missing = filler
  for (let rest = width; rest > 1; rest /= 2) {
    nodes = layerAbove(nodes, missing, digest)
    missing = hashPair(missing, missing, digest)
  }
  return nodes.length === 0 ? missing : nodes.slice(0, nodeBytes)
}

/** The root over the layer of a file's pieces (BEP 52, "piece layers"). */
export function pieceLayerRoot(layer: Uint8Array, pieceLengthBytes: number, digest: Digest): Uint8Array {
  const filler = zeroRoot(pieceLengthBytes / blockBytes, digest)
  return merkleRoot(layer, nextPowerOfTwo(layer.length / nodeBytes), digest, filler)
}

function layerAbove(nodes: Uint8Array, missing: Uint8Array, digest: Digest): Uint8Array {
  const count = nodes.length / nodeBytes
  const above = new Uint8Array(Math.ceil(count / 2) * nodeBytes)
  for (let pair = 0; pair * 2 < count; pair++) {
    const at = pair * 2 * nodeBytes
    const whole = pair * 2 + 1 < count
    const node = whole
      ? digest('sha256', nodes.subarray(at, at + 2 * nodeBytes))
      : hashPair(nodes.subarray(at), missing, digest)
    above.set(node, pair * nodeBytes)
  }
  return above
}

function hashPair(left: Uint8Array, right: Uint8Array, digest: Digest): Uint8Array {
  const pair = new Uint8Array(2 * nodeBytes)
  pair.set(left)
  pair.set(right, nodeBytes)
  return digest('sha256', pair)
}

/** Hashing of data that comes in chunks of any length: SHA-1 over pieces, and Merkle trees over files. */
import { leafCountOf, merkleRoot, nodeBytes, pieceLayerRoot } from './merkle.js'
import { blockBytes } from './metainfo.js'
import type { Digest } from './read-info.js'

/** What creating a torrent needs of a hash library. */
export interface Hashing {
  readonly digest: Digest
  /** An incremental SHA-1, for pieces that come in several chunks. `update` only reads its input. */
  sha1(): { update(bytes: Uint8Array): void; digest(): Uint8Array }
}

/** The hashes of one file; an empty file has none, and a file of one piece has no layer. */
export interface FileTreeHashes {
  readonly root?: Uint8Array
  readonly layer?: Uint8Array
}

/** SHA-1 over the pieces of a stream whose length is known. `end` gives 20 bytes for each piece. */
export function createPieceHasher(
  streamBytes: number,
  pieceLengthBytes: number,
  hashing: Hashing,
): { add(bytes: Uint8Array): void; addZeros(count: number): void; end(): Uint8Array } {
  const hashes = new Uint8Array(Math.ceil(streamBytes / pieceLengthBytes) * 20)
  let piece = 0
  let filled = 0
  let current: ReturnType<Hashing['sha1']> | undefined
  const finish = (hash: Uint8Array) => {
    hashes.set(hash, piece++ * 20)
    current = undefined
    filled = 0
  }
  const add = (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + pieceLengthBytes - filled)
      at += part.length
      if (part.length === pieceLengthBytes) finish(hashing.digest('sha1', part))
      else {
        current ??= hashing.sha1()
        current.update(part)
        filled += part.length
        if (filled === pieceLengthBytes) finish(current.digest())
      }
    }
  }
  const zeros = new Uint8Array(blockBytes)
  return {
    add,
    addZeros: (count) => {
      for (let rest = count; rest > 0; rest -= zeros.length) add(zeros.subarray(0, Math.min(rest, zeros.length)))
    },
    end: () => {
      if (current !== undefined) finish(current.digest())
      return hashes
    },
  }
}

/** The Merkle tree over one file whose length is known (BEP 52). Holds the leaves of one piece at a time. */
export function createTreeHasher(
  lengthBytes: number,
  pieceLengthBytes: number,
  digest: Digest,
): { add(bytes: Uint8Array): void; end(): FileTreeHashes } {
  const single = lengthBytes <= pieceLengthBytes
  const width = single ? leafCountOf(lengthBytes) : pieceLengthBytes / blockBytes
  const layer = new Uint8Array(single ? 0 : Math.ceil(lengthBytes / pieceLengthBytes) * nodeBytes)
  const leaves = new Uint8Array(width * nodeBytes)
  const block = new Uint8Array(Math.min(blockBytes, lengthBytes))
  let [blockFilled, leafCount, pieceCount] = [0, 0, 0]
  const addLeaf = (data: Uint8Array) => {
    leaves.set(digest('sha256', data), leafCount++ * nodeBytes)
    if (!single && leafCount === width) endPiece()
  }
  const endPiece = () => {
    layer.set(merkleRoot(leaves.subarray(0, leafCount * nodeBytes), width, digest), pieceCount++ * nodeBytes)
    leafCount = 0
  }
  return {
    add: (bytes) => {
      for (let at = 0; at < bytes.length;) {
        const part = bytes.subarray(at, at + blockBytes - blockFilled)
        at += part.length
        if (part.length === blockBytes) addLeaf(part)
        else {
          block.set(part, blockFilled)
          blockFilled += part.length
          if (blockFilled === blockBytes) {
            addLeaf(block)
            blockFilled = 0
          }
        }
      }
    },
    end: () => {
      if (lengthBytes === 0) return {}
      if (blockFilled > 0) addLeaf(block.subarray(0, blockFilled))
      if (single) return { root: merkleRoot(leaves.subarray(0, leafCount * nodeBytes), width, digest) }
      if (leafCount > 0) endPiece()
      return { root: pieceLayerRoot(layer, pieceLengthBytes, digest), layer }
    },
  }
}

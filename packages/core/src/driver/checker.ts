import { isBitloomError } from '../bytes/errors.js'
import { Bits, type ReadonlyBits } from '../bytes/bits.js'
import { blockBytes, type Metainfo } from '../metainfo/metainfo.js'
import type { Hasher } from '../ports/hasher.js'
import type { Memory } from '../ports/memory.js'
import type { StorageHandle } from '../ports/storage.js'

export interface CheckParts {
  readonly metainfo: Metainfo
  readonly storage: StorageHandle
  readonly hasher: Hasher
  readonly memory: Memory
  readonly signal: AbortSignal
  /** Those to look at; `undefined` = all. */
  readonly pieces: ReadonlyBits | undefined
  nextJobId(): number
  /** After each piece: how many were looked at. */
  progress(checkedPieces: number): void
}

/** Pieces being read and hashed at once: enough to keep every worker busy. */
const concurrent = 4
const readBytes = 1_048_576

/**
 * Hashes the data that is there. Pieces that cannot hold data are not read. Answers the pieces that are right.
 * A piece that cannot be read counts as missing. Rejects only when the signal aborts.
 */
export async function checkData(parts: CheckParts): Promise<Bits> {
  const { metainfo, storage, signal } = parts
  const { pieceCount } = metainfo.layout
  const have = new Bits(pieceCount)
  const present = both(await storage.present(), parts.pieces)
  let next = present === undefined ? 0 : present.nextSet(0)
  let checked = 0
  const worker = async (): Promise<void> => {
    while (next >= 0 && next < pieceCount) {
      signal.throwIfAborted()
      const piece = next
      next = present === undefined ? piece + 1 : present.nextSet(piece + 1)
      if (await isRight(parts, piece)) have.add(piece)
      signal.throwIfAborted()
      checked++
      parts.progress(present === undefined ? checked : Math.max(checked, piece + 1))
    }
  }
  // All of them end before this does: the storage may be closed right afterwards.
  const ended = await Promise.allSettled(Array.from({ length: concurrent }, worker))
  signal.throwIfAborted()
  for (const end of ended) if (end.status === 'rejected') throw end.reason
  return have
}

/** What is in both sets; `undefined` = everything. */
function both(left: ReadonlyBits | undefined, right: ReadonlyBits | undefined): ReadonlyBits | undefined {
  if (left === undefined || right === undefined) return left ?? right
  const common = new Bits(left.length)
  for (let piece = right.nextSet(0); piece >= 0; piece = right.nextSet(piece + 1)) {
    if (left.has(piece)) common.add(piece)
  }
  return common
}

async function isRight(parts: CheckParts, piece: number): Promise<boolean> {
  const { metainfo, storage, hasher, memory } = parts
  const { layout, verifier } = metainfo
  if (verifier.kind !== 'sha1') return false
  const zeroTailBytes = layout.zeroTailBytes(piece)
  const length = layout.pieceLength(piece) - zeroTailBytes
  const job = { id: parts.nextJobId(), plan: { sha1: true, leaves: false, zeroTailBytes } }
  const step = Math.max(blockBytes, Math.min(readBytes, length))
  try {
    for (let begin = 0; begin < length; begin += step) {
      const bytes = memory.take(Math.min(step, length - begin))
      await storage.read(piece, begin, [bytes], 'verify').catch((error: unknown) => {
        memory.give(bytes)
        throw error
      })
      const answer = await hasher.hash(job, bytes, begin + step >= length)
      memory.give(answer.bytes)
      const sha1 = answer.digests?.sha1
      if (sha1 !== undefined) return sha1.every((byte, index) => byte === verifier.hashes[piece * 20 + index])
    }
  } catch (error) {
    hasher.drop(job)
    if (!isBitloomError(error)) throw error
  }
  return false
}

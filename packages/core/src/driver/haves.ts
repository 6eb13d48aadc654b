import { Bits } from '../bytes/bits.js'
import { filePieces } from '../metainfo/file-spans.js'
import type { Metainfo } from '../metainfo/metainfo.js'
import type { ResumeRecord } from '../ports/resume-store.js'
import type { FileStamp, StorageHandle } from '../ports/storage.js'
import { checkData } from './checker.js'
import type { EngineContext } from './context.js'

/** What of a record is said of the data itself. */
export type Remembered = Pick<ResumeRecord, 'have' | 'files'>

export interface HavesInput {
  readonly metainfo: Metainfo
  readonly storage: StorageHandle
  /** What is remembered of this data in this place; `undefined` = nothing: all of it is hashed. */
  readonly remembered: Remembered | undefined
  /** Hashes some of what is remembered, and all if that is wrong. */
  readonly sample: boolean
  readonly signal: AbortSignal
}

/** How many of the remembered pieces are hashed to believe the others: some, and one in so many, up to a bound. */
const sample = { least: 8, oneIn: 200, most: 64 }

/**
 * Finds out which pieces are there: those that are remembered, as far as their files look as they did then. Pieces of
 * other files are hashed, remembered or not.
 */
export async function findHaves(
  context: EngineContext,
  input: HavesInput,
  progress: (checkedPieces: number) => void,
): Promise<Bits> {
  const { metainfo, storage, signal } = input
  const { hasher, memory } = context
  const { pieceCount } = metainfo.layout
  const check = (pieces: Bits | undefined): Promise<Bits> =>
    checkData({ metainfo, storage, hasher, memory, signal, pieces, nextJobId: () => context.nextId(), progress })
  const trusted = await trust(input)
  if (trusted === undefined) return check(undefined)
  const { have, doubtful } = trusted
  if (input.sample) {
    const some = sampleOf(have, (below) => context.random.below(below))
    if ((await check(some)).count < some.count) return check(undefined)
  }
  if (doubtful.count === 0) return have
  const found = await check(doubtful)
  for (let piece = 0; piece < pieceCount; piece++) if (found.has(piece)) have.add(piece)
  return have
}

/** Which pieces are had for sure, and which have to be looked at. `undefined`: nothing can be told. */
async function trust(input: HavesInput): Promise<{ have: Bits; doubtful: Bits } | undefined> {
  const { metainfo, storage, remembered } = input
  const { pieceCount } = metainfo.layout
  if (remembered === undefined || remembered.have.length !== (pieceCount + 7) >> 3) return undefined
  const have = Bits.from(remembered.have, pieceCount)
  const present = await storage.present()
  const stamps = await storage.stamps?.()
  const doubtful =
    stamps === undefined ? new Bits(pieceCount) : piecesOf(metainfo, changedFiles(remembered.files, stamps))
  for (let piece = have.nextSet(0); piece >= 0; piece = have.nextSet(piece + 1)) {
    if (doubtful.has(piece)) have.delete(piece)
    else if (present?.has(piece) === false) {
      // Without stamps nobody knows what else is not as it was.
      if (stamps === undefined) return undefined
      have.delete(piece)
    }
  }
  return { have, doubtful }
}

/** File indexes. All of them when nothing is remembered of the files. */
function changedFiles(before: Remembered['files'], now: Remembered['files']): number[] {
  if (before.length !== now.length) return [...now.keys()]
  return [...now.keys()].filter((index) => !isSame(before[index], now[index]))
}

function isSame(before: FileStamp | undefined, now: FileStamp | undefined): boolean {
  return before?.lengthBytes === now?.lengthBytes && before?.modifiedUs === now?.modifiedUs
}

function piecesOf(metainfo: Metainfo, files: readonly number[]): Bits {
  const pieces = new Bits(metainfo.layout.pieceCount)
  for (const file of files) {
    const span = metainfo.files[file]?.padding === true ? undefined : filePieces(metainfo, file)
    if (span !== undefined) for (let piece = span.first; piece <= span.last; piece++) pieces.add(piece)
  }
  return pieces
}

/** One piece out of each of so many equal parts of what is had. */
function sampleOf(have: Bits, below: (limit: number) => number): Bits {
  const { least, oneIn, most } = sample
  const parts = Math.min(have.count, most, least + Math.floor(have.count / oneIn))
  const pieces: number[] = []
  for (let piece = have.nextSet(0); piece >= 0; piece = have.nextSet(piece + 1)) pieces.push(piece)
  const chosen = new Bits(have.length)
  for (let part = 0; part < parts; part++) {
    const from = Math.floor((pieces.length * part) / parts)
    const to = Math.floor((pieces.length * (part + 1)) / parts)
    chosen.add(pieces[from + below(to - from)] ?? 0)
  }
  return chosen
}

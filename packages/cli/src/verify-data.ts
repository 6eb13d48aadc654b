import { type Digests, type HashJob, type Hasher, type Metainfo, MetainfoError, fileSpans } from '@bitloom/core'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { systemCode } from './exit-codes.js'

/** What is wrong with one file. */
export interface FileProblem {
  readonly path: string
  /**
   * `missing` · `short` or `long`: another length than it should have · `bad`: pieces of it do not match · `unconfirmed`:
   * a piece that it shares with a missing or short file cannot be told.
   */
  readonly problem: 'missing' | 'short' | 'long' | 'bad' | 'unconfirmed'
  /** Ranges of pieces, first and last, that do not match; empty for a file of no bytes. */
  readonly pieces: readonly (readonly [number, number])[]
}

export interface Verification {
  readonly whole: boolean
  readonly pieceCount: number
  readonly goodPieces: number
  /** False if it was stopped before its end: then the pieces after `checkedPieces` are not known. */
  readonly finished: boolean
  readonly checkedPieces: number
  readonly files: readonly FileProblem[]
}

const chunkBytes = 1024 ** 2
const openFiles = 8
const piecesAtOnce = 4

/**
 * Hashes the data of a torrent below `directory`. A missing file is a finding, not an error.
 * @throws MetainfoError METAINFO_UNSUPPORTED for a v2 torrent whose piece layers are missing; a system error for a file that cannot be read
 */
export async function verifyData(
  torrent: Metainfo,
  directory: string,
  hasher: Hasher,
  signal: AbortSignal,
  onProgress: (piecesDone: number) => void,
): Promise<Verification> {
  const lengths = await Promise.all(torrent.files.map((file) => lengthOf(join(directory, file.path))))
  const reader = createReader(torrent, directory, lengths)
  const bad: number[] = []
  const { pieceCount } = torrent.layout
  let next = 0
  let done = 0
  const work = async (): Promise<void> => {
    while (next < pieceCount && !signal.aborted) {
      const piece = next++
      if (!(await isGood(torrent, piece, reader, hasher))) bad.push(piece)
      onProgress(++done)
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.min(piecesAtOnce, pieceCount) }, work))
  } finally {
    await reader.close()
  }
  const files = problemsOf(torrent, lengths, new Set(bad))
  const finished = done === pieceCount
  const goodPieces = done - bad.length
  return { whole: finished && files.length === 0, pieceCount, goodPieces, finished, checkedPieces: done, files }
}

async function lengthOf(path: string): Promise<number | undefined> {
  try {
    const found = await stat(path)
    return found.isFile() ? found.size : undefined
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return undefined
    throw error
  }
}

async function isGood(torrent: Metainfo, piece: number, reader: Reader, hasher: Hasher): Promise<boolean> {
  const { verifier, layout } = torrent
  const zeroTailBytes = layout.zeroTailBytes(piece)
  const dataBytes = layout.pieceLength(piece) - zeroTailBytes
  const merkle = verifier.kind === 'merkle' ? verifier.expected(piece) : undefined
  if (verifier.kind === 'merkle' && merkle === undefined) {
    const message = `${torrent.name}: the piece hashes of the torrent are missing, so its data cannot be verified`
    throw new MetainfoError('METAINFO_UNSUPPORTED', message)
  }
  const plan =
    merkle === undefined
      ? { sha1: true, leaves: false, zeroTailBytes }
      : { sha1: false, leaves: true, zeroTailBytes: 0, leafCount: merkle.leafCount }
  const job: HashJob = { id: piece, plan }
  let digests: Digests | undefined
  for (let begin = 0; begin < dataBytes || digests === undefined; begin += chunkBytes) {
    const length = Math.min(chunkBytes, dataBytes - begin)
    const bytes = await reader.read(piece, begin, length)
    if (bytes === undefined) {
      hasher.drop(job)
      return false
    }
    digests = (await hasher.hash(job, bytes, begin + length >= dataBytes)).digests
  }
  if (verifier.kind === 'merkle') return equal(digests.root, merkle?.root)
  return equal(digests.sha1, verifier.hashes.subarray(20 * piece, 20 * piece + 20))
}

function equal(left: Uint8Array | undefined, right: Uint8Array | undefined): boolean {
  return left !== undefined && right !== undefined && Buffer.compare(left, right) === 0
}

interface Reader {
  /** `undefined` if a file is missing or ends before. */
  read(piece: number, begin: number, length: number): Promise<Uint8Array | undefined>
  close(): Promise<void>
}

/** Reads across files; keeps a few of them open, since pieces come in order. */
function createReader(torrent: Metainfo, directory: string, lengths: readonly (number | undefined)[]): Reader {
  const handles = new Map<number, Promise<FileHandle>>()
  const inUse = new Map<number, number>()
  const handleOf = async (file: number): Promise<FileHandle> => {
    const known = handles.get(file)
    if (known !== undefined) return known
    for (const [other, handle] of handles) {
      if (handles.size < openFiles) break
      if ((inUse.get(other) ?? 0) > 0) continue
      handles.delete(other)
      await (await handle).close()
    }
    const again = handles.get(file)
    if (again !== undefined) return again
    const opened = open(join(directory, torrent.files[file]?.path ?? ''))
    handles.set(file, opened)
    return opened
  }
  const readSpan = async (file: number, position: number, into: Uint8Array): Promise<boolean> => {
    inUse.set(file, (inUse.get(file) ?? 0) + 1)
    try {
      const handle = await handleOf(file)
      const { bytesRead } = await handle.read(into, 0, into.length, position)
      return bytesRead === into.length
    } finally {
      inUse.set(file, (inUse.get(file) ?? 1) - 1)
    }
  }
  return {
    async read(piece, begin, length) {
      const bytes = new Uint8Array(length)
      let at = 0
      for (const span of fileSpans(torrent, piece, begin, length)) {
        const into = bytes.subarray(at, at + span.lengthBytes)
        at += span.lengthBytes
        if (torrent.files[span.file]?.padding === true) continue
        if ((lengths[span.file] ?? 0) < span.offsetBytes + span.lengthBytes) return undefined
        if (!(await readSpan(span.file, span.offsetBytes, into))) return undefined
      }
      return bytes
    },
    async close() {
      await Promise.all([...handles.values()].map(async (handle) => (await handle).close()))
    },
  }
}

/** The findings by file. Blame goes to missing and short files first: what only shares a piece with one is unconfirmed. */
function problemsOf(
  torrent: Metainfo,
  lengths: readonly (number | undefined)[],
  bad: ReadonlySet<number>,
): FileProblem[] {
  const { pieceLengthBytes } = torrent.layout
  const isBroken = (index: number): boolean => {
    const file = torrent.files[index]
    return file !== undefined && isStored(file) && (lengths[index] ?? -1) < file.lengthBytes
  }
  const blamed = new Set<number>()
  for (const piece of bad) {
    const spans = fileSpans(torrent, piece, 0, pieceLengthBytes)
    if (spans.some(({ file }) => isBroken(file))) blamed.add(piece)
  }
  return torrent.files.flatMap((file, index): FileProblem[] => {
    if (!isStored(file)) return []
    const first = Math.floor(file.offsetBytes / pieceLengthBytes)
    const last =
      file.lengthBytes === 0 ? first - 1 : Math.floor((file.offsetBytes + file.lengthBytes - 1) / pieceLengthBytes)
    const own = rangesOf(bad, first, last)
    const found = lengths[index]
    const report = (problem: FileProblem['problem']): FileProblem[] => [{ path: file.path, problem, pieces: own }]
    if (found === undefined) return report('missing')
    if (found < file.lengthBytes) return report('short')
    if (found > file.lengthBytes) return report('long')
    if (own.length === 0) return []
    const isOnlyShared = own.every(([from, to]) => range(from, to).every((piece) => blamed.has(piece)))
    return report(isOnlyShared ? 'unconfirmed' : 'bad')
  })
}

/** Padding is never stored, and a symbolic link of a torrent is not created. */
function isStored(file: Metainfo['files'][number]): boolean {
  return !file.padding && file.symlink === undefined
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index)

/** The members of a set within a span, as ranges. */
function rangesOf(pieces: ReadonlySet<number>, first: number, last: number): [number, number][] {
  const ranges: [number, number][] = []
  for (let piece = first; piece <= last; piece++) {
    if (!pieces.has(piece)) continue
    const open = ranges.at(-1)
    if (open !== undefined && open[1] === piece - 1) open[1] = piece
    else ranges.push([piece, piece])
  }
  return ranges
}

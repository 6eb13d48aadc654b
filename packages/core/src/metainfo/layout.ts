import { blockBytes, type FileEntry, type Layout } from './metainfo.js'

/** The part of `FileEntry` that geometry depends on. */
export type Extent = Pick<FileEntry, 'lengthBytes' | 'offsetBytes' | 'padding'>

/**
 * The geometry of a byte stream of files, in order and without gaps.
 *
 * `hashing` tells what padding at the end of a piece is to its hash. With `sha1` (v1 and hybrid) it is hashed as zeros:
 * `pieceLength` holds it and `zeroTailBytes` counts it. With `merkle` (v2) it is no part of the piece: `pieceLength`
 * ends where the file ends and `zeroTailBytes` is 0. Asked for are the same blocks either way. A piece of nothing but
 * padding keeps one block, so that it has something to be completed by.
 */
export function createLayout(
  files: readonly Extent[],
  pieceLengthBytes: number,
  hashing: 'sha1' | 'merkle' = 'sha1',
): Layout {
  const last = files.at(-1)
  const lengthBytes = last === undefined ? 0 : last.offsetBytes + last.lengthBytes
  const pieceCount = Math.ceil(lengthBytes / pieceLengthBytes)
  const tails = zeroTails(files, pieceLengthBytes, lengthBytes)
  const fullLength = (piece: number) => Math.min(pieceLengthBytes, lengthBytes - piece * pieceLengthBytes)
  const tail = (piece: number) => (tails.size === 0 ? 0 : (tails.get(piece) ?? 0))
  const dataLength = (piece: number) => fullLength(piece) - tail(piece)
  return Object.freeze({
    pieceCount,
    pieceLengthBytes,
    lengthBytes,
    pieceLength: hashing === 'sha1' ? fullLength : dataLength,
    zeroTailBytes: hashing === 'sha1' ? tail : () => 0,
    blockCount: (piece: number) => Math.ceil(dataLength(piece) / blockBytes),
    blockLength: (piece: number, block: number) => Math.min(blockBytes, dataLength(piece) - block * blockBytes),
  })
}

/** By piece: how many bytes at its end are padding; pieces without are left out. */
function zeroTails(files: readonly Extent[], pieceLengthBytes: number, lengthBytes: number): Map<number, number> {
  const tails = new Map<number, number>()
  let runBegin: number | undefined
  for (const file of files) {
    if (file.lengthBytes === 0) continue
    if (file.padding) runBegin ??= file.offsetBytes
    else if (runBegin !== undefined) {
      addRun(tails, { begin: runBegin, end: file.offsetBytes, pieceLengthBytes, lengthBytes })
      runBegin = undefined
    }
  }
  if (runBegin !== undefined) addRun(tails, { begin: runBegin, end: lengthBytes, pieceLengthBytes, lengthBytes })
  return tails
}

interface Run {
  readonly begin: number
  readonly end: number
  readonly pieceLengthBytes: number
  readonly lengthBytes: number
}

function addRun(tails: Map<number, number>, run: Run): void {
  for (let piece = Math.floor(run.begin / run.pieceLengthBytes); ; piece++) {
    const pieceBegin = piece * run.pieceLengthBytes
    const pieceEnd = Math.min(pieceBegin + run.pieceLengthBytes, run.lengthBytes)
    if (pieceBegin >= run.end || pieceEnd > run.end) return
    const length = pieceEnd - pieceBegin
    const kept = Math.min(blockBytes, length)
    const tail = run.begin <= pieceBegin ? length - kept : pieceEnd - run.begin
    if (tail > 0) tails.set(piece, tail)
  }
}

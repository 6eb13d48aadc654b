import type { Content, FileEntry } from './metainfo.js'

/** A run of bytes of one file. */
export interface FileSpan {
  /** The index into `content.files`. */
  readonly file: number
  /** Where in the file it begins. */
  readonly offsetBytes: number
  readonly lengthBytes: number
}

/** What of `Content` says where files lie. */
export type Placed = Pick<Content, 'files' | 'layout'>

/**
 * The files that `lengthBytes` bytes from `begin` of a piece lie in, in order and without gaps; what is past the end of
 * the stream is left out. Padding files are among them (`files[span.file].padding`): they are never stored and read as
 * zeros. O(log files + spans).
 */
export function fileSpans(content: Placed, piece: number, begin: number, lengthBytes: number): FileSpan[] {
  const { files, layout } = content
  const from = piece * layout.pieceLengthBytes + begin
  const to = Math.min(from + lengthBytes, layout.lengthBytes)
  const spans: FileSpan[] = []
  let at = from
  for (let index = fileAt(files, from); at < to; index++) {
    const file = files[index]
    if (file === undefined) break
    const end = Math.min(to, file.offsetBytes + file.lengthBytes)
    if (end > at) spans.push({ file: index, offsetBytes: at - file.offsetBytes, lengthBytes: end - at })
    at = Math.max(at, end)
  }
  return spans
}

/** The pieces that hold bytes of a file, first and last; undefined for an empty file. */
export function filePieces(
  content: Placed,
  fileIndex: number,
): { readonly first: number; readonly last: number } | undefined {
  const file = content.files[fileIndex]
  if (file === undefined || file.lengthBytes === 0) return undefined
  const { pieceLengthBytes } = content.layout
  return {
    first: Math.floor(file.offsetBytes / pieceLengthBytes),
    last: Math.floor((file.offsetBytes + file.lengthBytes - 1) / pieceLengthBytes),
  }
}

/** The index of the file that holds a byte of the stream: the last one that begins at or before it. */
export function fileAt(files: readonly FileEntry[], offsetBytes: number): number {
  let low = 0
  let high = files.length - 1
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if ((files[middle] as FileEntry).offsetBytes <= offsetBytes) low = middle
    else high = middle - 1
  }
  return low
}

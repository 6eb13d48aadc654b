import type { Dict } from '../bytes/bencode.js'
import { invalid, isDict, isList, lengthField, maxLengthBytes, pathField } from './fields.js'
import type { FileEntry } from './metainfo.js'
import { createPathNamer, safeParts, type PathNamer } from './safe-path.js'

/** A file as the info dictionary has it, before its path is made safe. */
export interface RawFile {
  /** Below the torrent's name; empty if the torrent is that one file, and for padding. */
  readonly parts: readonly string[]
  readonly lengthBytes: number
  /** BEP 47 letters: `p` padding, `x` executable, `h` hidden, `l` symlink. */
  readonly attributes: string
  readonly symlink?: readonly string[]
  readonly piecesRoot?: Uint8Array
}

/** The attributes of a file dictionary, v1 or v2 alike (BEP 47). @throws PathError for a mistyped symlink path */
export function attributesOf(dict: Dict): { attributes: string; symlink?: readonly string[] } {
  const attr = dict.get('attr')
  const attributes = attr instanceof Uint8Array ? String.fromCharCode(...attr.subarray(0, 16)) : ''
  if (!attributes.includes('l')) return { attributes }
  return { attributes, symlink: pathField(dict, 'symlink path') }
}

/** The files of a v1 info dictionary, single or many. @throws MetainfoError, PathError */
export function readV1Files(info: Dict): RawFile[] {
  const list = info.get('files')
  if (list === undefined) return [{ parts: [], lengthBytes: lengthField(info), ...attributesOf(info) }]
  if (!isList(list)) throw invalid('the files of the torrent are no list')
  if (list.length === 0) throw invalid('the torrent has no files')
  return list.map((entry) => {
    if (!isDict(entry)) throw invalid('a file of the torrent is no dictionary')
    const attributes = attributesOf(entry)
    // Padding is never stored, so what it is called does not matter.
    const parts = attributes.attributes.includes('p') ? [] : pathField(entry, 'path')
    return { parts, lengthBytes: lengthField(entry), ...attributes }
  })
}

/**
 * Files with safe paths and their place in the byte stream. With `alignBytes` padding is put between them so that each
 * begins at a multiple of it (BEP 52: pieces never span files).
 * @throws MetainfoError if they are longer than 2^48 - 1 in all, or hold nothing
 */
export function placeFiles(root: string, files: readonly RawFile[], alignBytes = 1): readonly FileEntry[] {
  const namer = createPathNamer(root)
  const placed: FileEntry[] = []
  let offsetBytes = 0
  let dataBytes = 0
  for (const file of files) {
    const gapBytes = file.lengthBytes === 0 ? 0 : (alignBytes - (offsetBytes % alignBytes)) % alignBytes
    if (gapBytes > 0) placed.push(paddingEntry(root, gapBytes, offsetBytes))
    offsetBytes += gapBytes
    placed.push(entryOf(root, namer, file, offsetBytes))
    offsetBytes += file.lengthBytes
    if (!isPadding(file)) dataBytes += file.lengthBytes
    if (offsetBytes > maxLengthBytes) throw invalid('the files of the torrent are longer than 2^48 - 1 bytes in all')
  }
  if (dataBytes === 0) throw invalid('the torrent holds no data')
  return Object.freeze(placed)
}

export function isPadding(file: RawFile): boolean {
  return file.attributes.includes('p')
}

function entryOf(root: string, namer: PathNamer, file: RawFile, offsetBytes: number): FileEntry {
  if (isPadding(file)) return paddingEntry(root, file.lengthBytes, offsetBytes)
  return Object.freeze({
    path: file.parts.length === 0 ? root : namer.add(file.parts),
    lengthBytes: file.lengthBytes,
    offsetBytes,
    padding: false,
    executable: file.attributes.includes('x'),
    hidden: file.attributes.includes('h'),
    ...(file.symlink === undefined ? {} : { symlink: [root, ...safeParts(file.symlink)].join('/') }),
    ...(file.piecesRoot === undefined ? {} : { piecesRoot: file.piecesRoot }),
  })
}

/** Named as BEP 47 advises. Never stored, so the name need not be unique. */
function paddingEntry(root: string, lengthBytes: number, offsetBytes: number): FileEntry {
  const path = `${root}/.pad/${lengthBytes}`
  return Object.freeze({ path, lengthBytes, offsetBytes, padding: true, executable: false, hidden: false })
}

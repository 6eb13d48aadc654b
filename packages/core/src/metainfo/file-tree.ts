import type { BencodeValue, Dict } from '../bytes/bencode.js'
import { latin1Bytes, utf8 } from '../bytes/text.js'
import { invalid, isDict, lengthField } from './fields.js'
import { nodeBytes } from './merkle.js'
import { attributesOf, isPadding, type RawFile } from './raw-file.js'

interface Level {
  readonly entries: Iterator<[string, BencodeValue]>
  readonly path: readonly string[]
}

/**
 * The files of a v2 info dictionary in the order of their tree (BEP 52, "file tree"); keys are sorted already. A lone
 * file that is called like the torrent has no parts, as in v1, unless the v1 side of a hybrid says that it is in a folder.
 * @throws MetainfoError, PathError
 */
export function readFileTree(info: Dict, name: string): RawFile[] {
  const tree = info.get('file tree')
  if (!isDict(tree)) throw invalid('the torrent has no file tree')
  const files: RawFile[] = []
  const levels: Level[] = [{ entries: tree.entries(), path: [] }]
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    const next = level.entries.next()
    if (next.done === true) levels.pop()
    else visit(level, next.value, levels, files)
  }
  if (files.length === 0) throw invalid('the file tree of the torrent is empty')
  const [only] = files
  const alone = !info.has('files') && files.length === 1 && only?.parts.length === 1 && only.parts[0] === name
  return alone ? [{ ...only, parts: [] }] : files
}

function visit(level: Level, [key, node]: [string, BencodeValue], levels: Level[], files: RawFile[]): void {
  if (key === '') throw invalid('the file tree of the torrent has a file without a name')
  if (!isDict(node)) throw invalid('an entry of the file tree is no dictionary')
  const path = [...level.path, utf8(latin1Bytes(key))]
  const leaf = node.get('')
  if (leaf === undefined) levels.push({ entries: node.entries(), path })
  else if (node.size > 1) throw invalid('an entry of the file tree is both a file and a folder')
  else files.push(fileOf(leaf, path))
}

function fileOf(leaf: BencodeValue, parts: readonly string[]): RawFile {
  if (!isDict(leaf)) throw invalid('a file of the file tree is no dictionary')
  const file = { parts, lengthBytes: lengthField(leaf), ...attributesOf(leaf) }
  if (isPadding(file)) throw invalid('a file of the file tree is marked as padding')
  if (file.lengthBytes === 0) return file
  const piecesRoot = leaf.get('pieces root')
  if (!(piecesRoot instanceof Uint8Array) || piecesRoot.length !== nodeBytes) {
    throw invalid('a file of the file tree has no pieces root')
  }
  if (piecesRoot.every((byte) => byte === 0)) throw invalid('a file of the file tree has a pieces root of zeros')
  return { ...file, piecesRoot }
}

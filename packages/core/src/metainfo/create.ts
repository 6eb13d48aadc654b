import { encode, type Encodable } from '../bytes/encode.js'
import { BitloomError, StorageError } from '../bytes/errors.js'
import { checkedSources, type SortedFile, type SourceFile } from './create-sources.js'
import { maxPieceLengthBytes, maxPieces } from './fields.js'
import { blockBytes, type TorrentFormat } from './metainfo.js'
import { createPieceHasher, createTreeHasher, type FileTreeHashes, type Hashing } from './piece-hashers.js'
import { nextPowerOfTwo } from './merkle.js'
import { torrentDict, type Announced } from './torrent-dict.js'
import { latin1 } from '../bytes/text.js'

/** How to create a torrent. Nothing here has a default that depends on the machine or the hour. */
export interface CreateOptions extends Announced {
  /** The torrent's name: of the file, or of the folder that the files are in. */
  readonly name: string
  /** Default `v1`. */
  readonly format?: TorrentFormat
  /** 1 … 536,854,528; for hybrid and v2 a power of two from 16 KiB on. Default by size, `choosePieceLength`. */
  readonly pieceLengthBytes?: number
  /** BEP 27. */
  readonly private?: boolean
  /** Text inside the info dictionary that tells torrents of one data apart. */
  readonly source?: string
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void
  readonly signal?: AbortSignal
}

/** A power of two from 16 KiB to 16 MiB that gives about 1,000 to 2,000 pieces; larger only where 2^21 are not enough. */
export function choosePieceLength(lengthBytes: number): number {
  const wanted = nextPowerOfTwo(lengthBytes / 2_000)
  const least = nextPowerOfTwo(lengthBytes / maxPieces)
  return Math.max(blockBytes, Math.min(wanted, 16 * 1024 * 1024), least)
}

/**
 * The bytes of a .torrent file. Files are put in the order of their paths as raw bytes, part by part, so that the same
 * files and options give the same bytes. Every file is read once, from its begin to its end; memory does not grow with
 * the length of the data beyond its hashes. A hybrid gets padding files between its files (BEP 47), none at the end.
 * @throws BitloomError INVALID_ARGUMENT for options or paths that cannot be; StorageError GONE for a file that has not the
 * length it was said to have; whatever `read` and `signal` throw
 */
export async function createMetainfo(
  sources: readonly SourceFile[],
  hashing: Hashing,
  options: CreateOptions,
): Promise<Uint8Array> {
  const files = checkedSources(sources, options.name)
  const plan = planOf(files, options)
  const pieces = plan.v1 ? createPieceHasher(plan.streamBytes, plan.pieceLengthBytes, hashing) : undefined
  const trees: FileTreeHashes[] = []
  let doneBytes = 0
  for (const [index, file] of files.entries()) {
    const tree = plan.v2 ? createTreeHasher(file.lengthBytes, plan.pieceLengthBytes, hashing.digest) : undefined
    await readWhole(file, options, (bytes) => {
      pieces?.add(bytes)
      tree?.add(bytes)
      doneBytes += bytes.length
      options.onProgress?.(doneBytes, plan.dataBytes)
    })
    pieces?.addZeros(plan.gaps[index] ?? 0)
    if (tree !== undefined) trees.push(tree.end())
  }
  const info = infoDict(files, plan, options, { pieces: pieces?.end(), trees })
  const layers = plan.v2 ? layersOf(trees) : undefined
  return encode(torrentDict(options, info, layers))
}

interface Plan {
  readonly v1: boolean
  readonly v2: boolean
  readonly pieceLengthBytes: number
  readonly dataBytes: number
  /** The v1 byte stream, padding included. */
  readonly streamBytes: number
  /** By file: the padding after it. */
  readonly gaps: readonly number[]
}

function planOf(files: readonly SortedFile[], options: CreateOptions): Plan {
  const format = options.format ?? 'v1'
  const dataBytes = files.reduce((sum, file) => sum + file.lengthBytes, 0)
  if (dataBytes === 0) throw refuse('there is no data to make a torrent of')
  const pieceLengthBytes = options.pieceLengthBytes ?? choosePieceLength(dataBytes)
  checkPieceLength(pieceLengthBytes, format)
  const align = format === 'v1' ? 1 : pieceLengthBytes
  const lastData = files.findLastIndex((file) => file.lengthBytes > 0)
  const gaps = files.map((file, index) => (index < lastData ? (align - (file.lengthBytes % align)) % align : 0))
  const streamBytes = gaps.reduce((sum, gap) => sum + gap, dataBytes)
  if (streamBytes / pieceLengthBytes > maxPieces) {
    throw refuse(`a piece length of ${pieceLengthBytes} makes more than ${maxPieces} pieces`)
  }
  return { v1: format !== 'v2', v2: format !== 'v1', pieceLengthBytes, dataBytes, streamBytes, gaps }
}

function checkPieceLength(pieceLengthBytes: number, format: TorrentFormat): void {
  const possible = Number.isInteger(pieceLengthBytes) && pieceLengthBytes > 0 && pieceLengthBytes <= maxPieceLengthBytes
  if (!possible) throw refuse(`a piece length of ${pieceLengthBytes} is not possible`)
  if (format === 'v1') return
  if (pieceLengthBytes < blockBytes || nextPowerOfTwo(pieceLengthBytes) !== pieceLengthBytes) {
    throw refuse(`the piece length of a ${format} torrent is a power of two from 16 KiB on, not ${pieceLengthBytes}`)
  }
}

async function readWhole(file: SortedFile, options: CreateOptions, take: (bytes: Uint8Array) => void): Promise<void> {
  let readBytes = 0
  for await (const bytes of file.source.read()) {
    options.signal?.throwIfAborted()
    readBytes += bytes.length
    if (readBytes > file.lengthBytes) break
    take(bytes)
  }
  if (readBytes === file.lengthBytes) return
  const path = [options.name, ...file.source.path].join('/')
  throw new StorageError('GONE', `the file ${path} changed its length while it was read`, { path, retry: true })
}

interface Hashes {
  readonly pieces: Uint8Array | undefined
  readonly trees: readonly FileTreeHashes[]
}

function infoDict(files: readonly SortedFile[], plan: Plan, options: CreateOptions, hashes: Hashes): Encodable {
  const info = new Map<string, Encodable>([
    ['name', options.name],
    ['piece length', plan.pieceLengthBytes],
  ])
  if (hashes.pieces !== undefined) {
    info.set('pieces', hashes.pieces)
    addV1Files(info, files, plan.gaps)
  }
  if (plan.v2) {
    info.set('meta version', 2)
    info.set('file tree', fileTree(files, hashes.trees, options.name))
  }
  if (options.private === true) info.set('private', 1)
  if (options.source !== undefined) info.set('source', options.source)
  return info
}

function addV1Files(info: Map<string, Encodable>, files: readonly SortedFile[], gaps: readonly number[]): void {
  const [only] = files
  if (only !== undefined && only.source.path.length === 0) {
    info.set('length', only.lengthBytes)
    if (only.attributes !== '') info.set('attr', only.attributes)
    return
  }
  const list: Encodable[] = []
  for (const [index, file] of files.entries()) {
    list.push(new Map([['length', file.lengthBytes], ['path', file.source.path], ...attributePairs(file)]))
    const gap = gaps[index] ?? 0
    if (gap > 0) {
      list.push(
        new Map<string, Encodable>([
          ['attr', 'p'],
          ['length', gap],
          ['path', ['.pad', String(gap)]],
        ]),
      )
    }
  }
  info.set('files', list)
}

type Tree = Map<string, Encodable>

function fileTree(files: readonly SortedFile[], trees: readonly FileTreeHashes[], name: string): Tree {
  const top: Tree = new Map()
  for (const [index, file] of files.entries()) {
    const root = trees[index]?.root
    const leaf = new Map<string, Encodable>([['length', file.lengthBytes], ...attributePairs(file)])
    if (root !== undefined) leaf.set('pieces root', root)
    const keys = file.keys.length === 0 ? [latin1(new TextEncoder().encode(name))] : file.keys
    let folder = top
    for (const key of keys) {
      const inner = (folder.get(key) as Tree | undefined) ?? new Map<string, Encodable>()
      folder.set(key, inner)
      folder = inner
    }
    folder.set('', leaf)
  }
  return top
}

function attributePairs(file: SortedFile): [string, Encodable][] {
  const pairs: [string, Encodable][] = file.attributes === '' ? [] : [['attr', file.attributes]]
  if (file.source.symlink !== undefined) pairs.push(['symlink path', file.source.symlink])
  return pairs
}

function layersOf(trees: readonly FileTreeHashes[]): ReadonlyMap<string, Uint8Array> {
  const layers = new Map<string, Uint8Array>()
  for (const { root, layer } of trees) if (root !== undefined && layer !== undefined) layers.set(latin1(root), layer)
  return layers
}

function refuse(message: string): BitloomError {
  return new BitloomError('INVALID_ARGUMENT', message)
}

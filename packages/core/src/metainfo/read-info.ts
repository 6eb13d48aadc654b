import type { BencodeValue, Dict } from '../bytes/bencode.js'
import { MetainfoError } from '../bytes/errors.js'
import { integerField, invalid, maxPieceLengthBytes, maxPieces, nameField, textField } from './fields.js'
import { readFileTree } from './file-tree.js'
import { joinTrees } from './join-trees.js'
import { createLayout } from './layout.js'
import { nextPowerOfTwo } from './merkle.js'
import {
  blockBytes,
  type Content,
  type FileEntry,
  type InfoHashes,
  type Metainfo,
  type TorrentFormat,
  type Verifier,
} from './metainfo.js'
import { merkleVerifier, readPieceLayers } from './piece-layers.js'
import { placeFiles, readV1Files } from './raw-file.js'
import { safeName } from './safe-path.js'

/** Hashes bytes at once: SHA-1 gives 20 bytes, SHA-256 gives 32. The input is only read. */
export type Digest = (algorithm: 'sha1' | 'sha256', bytes: Uint8Array) => Uint8Array

/** What a .torrent file says beside its info dictionary. */
export type Surroundings = Pick<Metainfo, 'trackers' | 'webSeeds' | 'comment' | 'createdBy' | 'creationDate'>

/** An info dictionary with all that surrounds it. */
export interface InfoInput {
  readonly raw: Uint8Array
  readonly info: Dict
  readonly canonicalKeys: boolean
  readonly pieceLayers: BencodeValue | undefined
  readonly surroundings: Surroundings
  readonly digest: Digest
}

/** What differs between the formats. */
type Model = Pick<Metainfo, 'files' | 'layout' | 'verifier' | 'merkle'>

/** Turns a decoded info dictionary into the frozen value. @throws MetainfoError, PathError */
export function readInfo(input: InfoInput): Metainfo {
  const { info, raw, surroundings, digest } = input
  const format = formatOf(info)
  const rawName = nameField(info)
  const name = safeName(rawName)
  const model = format === 'v1' ? readV1(info, name) : readV2(input, format, { name, rawName })
  const source = textField(info, 'source')
  return Object.freeze({
    name,
    format,
    info: raw,
    infoLengthBytes: raw.length,
    infoHashes: infoHashesOf(format, raw, digest),
    ...model,
    lengthBytes: dataLength(model.files),
    private: (integerField(info, 'private') ?? 0) !== 0,
    ...surroundings,
    ...(source === undefined ? {} : { source }),
  })
}

function formatOf(info: Dict): TorrentFormat {
  const version = info.get('meta version')
  if (version === undefined || version === 1) return 'v1'
  if (version !== 2) throw new MetainfoError('METAINFO_UNSUPPORTED', 'the torrent has an unknown meta version')
  return info.has('pieces') ? 'hybrid' : 'v2'
}

function infoHashesOf(format: TorrentFormat, raw: Uint8Array, digest: Digest): InfoHashes {
  // No spread: V8 gives each object that one makes a shape of its own.
  if (format === 'v1') return Object.freeze({ v1: digest('sha1', raw) })
  if (format === 'v2') return Object.freeze({ v2: digest('sha256', raw) })
  return Object.freeze({ v1: digest('sha1', raw), v2: digest('sha256', raw) })
}

function readV1(info: Dict, name: string): Model {
  const files = placeFiles(name, readV1Files(info))
  const pieceLength = pieceLengthOf(info)
  checkPieceCount(files, pieceLength)
  const layout = createLayout(files, pieceLength)
  return { files, layout, verifier: sha1Verifier(info, layout) }
}

function readV2(input: InfoInput, format: 'hybrid' | 'v2', names: { name: string; rawName: string }): Model {
  const { info, digest } = input
  if (!input.canonicalKeys) throw invalid('the info of a v2 torrent has unsorted or equal keys')
  const pieceLength = pieceLengthOf(info)
  if (pieceLength < blockBytes || nextPowerOfTwo(pieceLength) !== pieceLength) {
    throw invalid(`the v2 torrent has the piece length ${pieceLength}, not a power of two from 16 KiB on`)
  }
  const tree = readFileTree(info, names.rawName)
  const files =
    format === 'v2'
      ? placeFiles(names.name, tree, pieceLength)
      : placeFiles(names.name, joinTrees(readV1Files(info), tree, pieceLength))
  checkPieceCount(files, pieceLength)
  const layout = createLayout(files, pieceLength, format === 'v2' ? 'merkle' : 'sha1')
  const layers = readPieceLayers(input.pieceLayers, files, pieceLength, digest)
  const merkle = merkleVerifier({ files, layout }, layers)
  return { files, layout, verifier: format === 'v2' ? merkle : sha1Verifier(info, layout), merkle }
}

/** @throws MetainfoError unless it is in 1 … 536,854,528 */
function pieceLengthOf(info: Dict): number {
  const pieceLength = integerField(info, 'piece length')
  if (pieceLength === undefined) throw invalid('the torrent has no piece length')
  if (pieceLength <= 0 || pieceLength > maxPieceLengthBytes) {
    throw invalid(`the torrent has the piece length ${pieceLength}`)
  }
  return pieceLength
}

/** Before anything is done for each piece. @throws MetainfoError METAINFO_LIMIT for more than 2^21 pieces */
function checkPieceCount(files: readonly FileEntry[], pieceLength: number): void {
  const last = files.at(-1)
  const pieceCount = last === undefined ? 0 : Math.ceil((last.offsetBytes + last.lengthBytes) / pieceLength)
  if (pieceCount <= maxPieces) return
  throw new MetainfoError('METAINFO_LIMIT', `the torrent has ${pieceCount} pieces, more than ${maxPieces}`)
}

/** The SHA-1 verifier of a v1 or hybrid torrent. @throws MetainfoError unless there is a hash for each piece */
function sha1Verifier(info: Dict, layout: Content['layout']): Verifier {
  const hashes = info.get('pieces')
  if (!(hashes instanceof Uint8Array)) throw invalid('the torrent has no piece hashes')
  if (hashes.length !== layout.pieceCount * 20) {
    throw invalid(`the torrent has ${hashes.length} bytes of piece hashes for ${layout.pieceCount} pieces`)
  }
  return Object.freeze({ kind: 'sha1', hashes })
}

function dataLength(files: readonly FileEntry[]): number {
  let lengthBytes = 0
  for (const file of files) if (!file.padding) lengthBytes += file.lengthBytes
  return lengthBytes
}

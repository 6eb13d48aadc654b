import type { BencodeValue } from '../bytes/bencode.js'
import { latin1 } from '../bytes/text.js'
import { invalid, isDict } from './fields.js'
import { fileAt, type Placed } from './file-spans.js'
import { leafCountOf, nodeBytes, pieceLayerRoot } from './merkle.js'
import { blockBytes, type FileEntry, type Verifier } from './metainfo.js'
import type { Digest } from './read-info.js'

/** By pieces root as Latin-1 text: the hashes of the pieces, 32 bytes each. */
export type PieceLayers = ReadonlyMap<string, Uint8Array>

/**
 * Checks the `piece layers` of a torrent file against the roots of its files (BEP 52). None at all is no fault.
 * @throws MetainfoError for a layer that no file has, of a wrong length, or that does not hash to its root
 */
export function readPieceLayers(
  value: BencodeValue | undefined,
  files: readonly FileEntry[],
  pieceLengthBytes: number,
  digest: Digest,
): PieceLayers {
  const layers = new Map<string, Uint8Array>()
  if (value === undefined) return layers
  if (!isDict(value)) throw invalid('the piece layers of the torrent are no dictionary')
  const pieceCounts = pieceCountsByRoot(files, pieceLengthBytes)
  for (const [root, layer] of value) {
    const pieces = pieceCounts.get(root)
    if (pieces === undefined) throw invalid('the torrent has a piece layer that belongs to no file')
    if (!(layer instanceof Uint8Array) || layer.length !== pieces * nodeBytes) {
      throw invalid('a piece layer of the torrent has a wrong length')
    }
    // The layer of a file of one piece is the root itself; some write it although nobody needs it.
    const actual = pieces === 1 ? layer : pieceLayerRoot(layer, pieceLengthBytes, digest)
    if (latin1(actual) !== root) throw invalid('a piece layer of the torrent does not match its root')
    layers.set(root, layer)
  }
  return layers
}

function pieceCountsByRoot(files: readonly FileEntry[], pieceLengthBytes: number): Map<string, number> {
  const counts = new Map<string, number>()
  for (const file of files) {
    if (file.piecesRoot === undefined) continue
    const root = latin1(file.piecesRoot)
    const pieces = Math.ceil(file.lengthBytes / pieceLengthBytes)
    if ((counts.get(root) ?? pieces) !== pieces) throw invalid('files of different lengths have one pieces root')
    counts.set(root, pieces)
  }
  return counts
}

/**
 * The v2 verifier: a piece's subtree root, from the layer of its file or, of a file of one piece, the file's root.
 * Undefined while the layer is not known. Files must begin at pieces.
 */
export function merkleVerifier(content: Placed, layers: PieceLayers): Verifier {
  const { files, layout } = content
  const { pieceLengthBytes } = layout
  return Object.freeze({
    kind: 'merkle',
    expected: (piece: number) => {
      const offsetBytes = piece * pieceLengthBytes
      const file = files[fileAt(files, offsetBytes)]
      if (file?.piecesRoot === undefined || offsetBytes >= file.offsetBytes + file.lengthBytes) return undefined
      if (file.lengthBytes <= pieceLengthBytes) {
        return { root: file.piecesRoot, leafCount: leafCountOf(file.lengthBytes) }
      }
      const at = ((offsetBytes - file.offsetBytes) / pieceLengthBytes) * nodeBytes
      const root = layers.get(latin1(file.piecesRoot))?.subarray(at, at + nodeBytes)
      return root === undefined ? undefined : { root, leafCount: pieceLengthBytes / blockBytes }
    },
  })
}

import { invalid } from './fields.js'
import { isPadding, type RawFile } from './raw-file.js'

/**
 * The files of a hybrid torrent: its v1 list, padding included, with the roots of its v2 tree. Both must tell of the same
 * files in the same order, each beginning at a piece (BEP 52, "upgrade path"); padding after the last one may be missing.
 * @throws MetainfoError if they do not agree
 */
export function joinTrees(v1: readonly RawFile[], tree: readonly RawFile[], pieceLengthBytes: number): RawFile[] {
  const joined: RawFile[] = []
  let offsetBytes = 0
  let next = 0
  for (const file of v1) {
    if (isPadding(file)) {
      const gapBytes = (pieceLengthBytes - (offsetBytes % pieceLengthBytes)) % pieceLengthBytes
      if (file.lengthBytes !== gapBytes) throw invalid('the padding of the hybrid torrent does not end at a piece')
      joined.push(file)
    } else {
      const twin = tree[next++]
      if (twin === undefined || !sameFile(file, twin)) throw disagree()
      if (file.lengthBytes > 0 && offsetBytes % pieceLengthBytes !== 0) {
        throw invalid('a file of the hybrid torrent does not begin at a piece')
      }
      joined.push(twin.piecesRoot === undefined ? file : { ...file, piecesRoot: twin.piecesRoot })
    }
    offsetBytes += file.lengthBytes
  }
  if (next !== tree.length) throw disagree()
  return joined
}

function sameFile(left: RawFile, right: RawFile): boolean {
  return (
    left.lengthBytes === right.lengthBytes &&
    left.parts.length === right.parts.length &&
    left.parts.every((part, index) => part === right.parts[index])
  )
}

function disagree() {
  return invalid('the v1 files and the v2 file tree of the hybrid torrent do not agree')
}

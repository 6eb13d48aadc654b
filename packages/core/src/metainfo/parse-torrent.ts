import type { Dict } from '../bytes/bencode.js'
import { decodeDocument } from '../bytes/decode.js'
import { MetainfoError } from '../bytes/errors.js'
import { integerField, invalid, isDict, textField } from './fields.js'
import type { Metainfo } from './metainfo.js'
import { readInfo } from './read-info.js'
import type { Digest, Surroundings } from './read-info.js'
import { trackerTiers, webSeeds } from './trackers.js'

/** The largest .torrent file that is read: 64 MiB. */
export const maxTorrentBytes = 64 * 1024 * 1024

/**
 * Reads a .torrent file: v1 (BEP 3), hybrid or v2 (BEP 52). The info-hashes are over the raw bytes of `info`. The result
 * is frozen and keeps views into `bytes`, which must not change afterwards.
 * @throws BencodeError if it is no bencode; MetainfoError METAINFO_INVALID, METAINFO_LIMIT or METAINFO_UNSUPPORTED;
 * PathError for a missing, empty or mistyped name
 */
export function parseTorrent(bytes: Uint8Array, digest: Digest): Metainfo {
  if (bytes.length > maxTorrentBytes) {
    throw new MetainfoError('METAINFO_LIMIT', `the torrent file is larger than ${maxTorrentBytes} bytes`)
  }
  const { value, spans } = decodeDocument(bytes, { trailing: 'newline' })
  if (!isDict(value)) throw invalid('the torrent file is no dictionary')
  const info = value.get('info')
  const span = spans.get('info')
  if (!isDict(info) || span === undefined) throw invalid('the torrent file has no info dictionary')
  return readInfo({
    raw: bytes.subarray(span.begin, span.end),
    info,
    canonicalKeys: span.canonicalKeys,
    pieceLayers: value.get('piece layers'),
    surroundings: surroundingsOf(value),
    digest,
  })
}

/**
 * Reads an info dictionary alone, as peers send it (BEP 9). Pieces of v2 files longer than one piece cannot be verified
 * until their layers are known. The result keeps views into `raw`.
 * @throws as `parseTorrent`
 */
export function parseInfo(raw: Uint8Array, digest: Digest, surroundings: Partial<Surroundings> = {}): Metainfo {
  if (raw.length > maxTorrentBytes) {
    throw new MetainfoError('METAINFO_LIMIT', `the info dictionary is larger than ${maxTorrentBytes} bytes`)
  }
  const { value, canonicalKeys } = decodeDocument(raw)
  if (!isDict(value)) throw invalid('the info of the torrent is no dictionary')
  const around = { trackers: [], webSeeds: [], ...surroundings }
  return readInfo({ raw, info: value, canonicalKeys, pieceLayers: undefined, surroundings: around, digest })
}

function surroundingsOf(torrent: Dict): Surroundings {
  const comment = textField(torrent, 'comment')
  const createdBy = textField(torrent, 'created by')
  const creationDate = integerField(torrent, 'creation date')
  return {
    trackers: trackerTiers(torrent),
    webSeeds: webSeeds(torrent),
    ...(comment === undefined ? {} : { comment }),
    ...(createdBy === undefined ? {} : { createdBy }),
    ...(creationDate === undefined || creationDate < 0 ? {} : { creationDate }),
  }
}

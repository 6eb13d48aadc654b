import { type BitloomError, isBitloomError, MetainfoError } from '../bytes/errors.js'
import { equalBytes } from '../bytes/text.js'
import type { InfoHashes, Metainfo } from '../metainfo/metainfo.js'
import { parseInfo } from '../metainfo/parse-torrent.js'
import type { Hasher } from '../ports/hasher.js'

/**
 * The metainfo of an info dictionary that came from outside; `undefined` when it is not the one that was asked for, an error
 * when it is and cannot be used. Where both hashes are known, both must be right.
 */
export function readInfo(
  bytes: Uint8Array,
  expected: InfoHashes,
  trackers: readonly (readonly string[])[],
  hasher: Hasher,
): Metainfo | BitloomError | undefined {
  const { v1, v2 } = expected
  const isRight =
    (v1 === undefined || equalBytes(hasher.digest('sha1', bytes), v1)) &&
    (v2 === undefined || equalBytes(hasher.digest('sha256', bytes), v2))
  if (!isRight) return undefined
  try {
    const metainfo = parseInfo(bytes, (algorithm, input) => hasher.digest(algorithm, input), { trackers })
    return unsupported(metainfo) ?? metainfo
  } catch (error) {
    if (isBitloomError(error)) return error
    throw error
  }
}

/** Why this version cannot download a torrent that it can read. */
export function unsupported(metainfo: Metainfo): MetainfoError | undefined {
  if (metainfo.format !== 'v2') return undefined
  const message = `${metainfo.name} is a v2-only torrent: downloading those is not supported yet`
  return new MetainfoError('METAINFO_UNSUPPORTED', message)
}

import { isBitloomError } from '../bytes/errors.js'
import { equalBytes } from '../bytes/text.js'
import type { InfoHashes, Metainfo } from '../metainfo/metainfo.js'
import { parseInfo } from '../metainfo/parse-torrent.js'
import type { Hasher } from '../ports/hasher.js'

/** The metainfo of an info dictionary that came from outside, or `undefined` when it is not the one that was asked for. */
export function readInfo(
  bytes: Uint8Array,
  expected: InfoHashes,
  trackers: readonly (readonly string[])[],
  hasher: Hasher,
): Metainfo | undefined {
  const { v1, v2 } = expected
  const isRight =
    (v1 !== undefined && equalBytes(hasher.digest('sha1', bytes), v1)) ||
    (v2 !== undefined && equalBytes(hasher.digest('sha256', bytes), v2))
  if (!isRight) return undefined
  try {
    return parseInfo(bytes, (algorithm, input) => hasher.digest(algorithm, input), { trackers })
  } catch (error) {
    if (isBitloomError(error)) return undefined
    throw error
  }
}

import { fromHex, toHex } from '../bytes/text.js'
import type { InfoHashes } from './metainfo.js'

/** The hashes as people write them: 40 and 64 lower-case hex digits; undefined where a torrent has none. */
export function infoHashHex(hashes: InfoHashes): { readonly v1?: string; readonly v2?: string } {
  return {
    ...(hashes.v1 === undefined ? {} : { v1: toHex(hashes.v1) }),
    ...(hashes.v2 === undefined ? {} : { v2: toHex(hashes.v2) }),
  }
}

/** The hash that names a torrent: v1 if it has one, else v2, in hex. "" only without any hash. */
export function infoHashName(hashes: InfoHashes): string {
  const hash = hashes.v1 ?? hashes.v2
  return hash === undefined ? '' : toHex(hash)
}

/** The hashes from 40 (v1) or 64 (v2) hex digits; undefined for other text. */
export function parseInfoHash(text: string): InfoHashes | undefined {
  const hash = fromHex(text)
  if (hash?.length === 20) return { v1: hash }
  if (hash?.length === 32) return { v2: hash }
  return undefined
}

/**
 * The 20-byte forms by which peers and trackers know a torrent: v1, and v2 cut to 20 bytes (BEP 52).
 * Views into the given hashes.
 */
export function wireHashes(hashes: InfoHashes): readonly Uint8Array[] {
  const found: Uint8Array[] = []
  if (hashes.v1 !== undefined) found.push(hashes.v1)
  if (hashes.v2 !== undefined) found.push(hashes.v2.subarray(0, 20))
  return found
}

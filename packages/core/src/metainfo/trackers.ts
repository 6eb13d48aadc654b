import type { BencodeValue, Dict } from '../bytes/bencode.js'
import { utf8Strict } from '../bytes/text.js'
import { isList } from './fields.js'

/** The longest URL that is kept. */
export const maxUrlBytes = 65_536

/** The most URLs of a kind that are kept, the first ones. */
const maxUrls = 1_000

/**
 * The tiers of a torrent file (BEP 12): `announce-list`, or `announce` as one tier of one. Of equal URLs the first is
 * kept; empty tiers and what is no URL with a host are left out.
 */
export function trackerTiers(torrent: Dict): readonly (readonly string[])[] {
  const list = torrent.get('announce-list')
  const tiers = isList(list) ? acceptTiers(list.map((tier) => textList(tier))) : []
  return tiers.length > 0 ? tiers : acceptTiers([textList(torrent.get('announce'))])
}

/** Tiers of acceptable URLs, none twice, none empty. */
export function acceptTiers(tiers: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const seen = new Set<string>()
  const accepted: (readonly string[])[] = []
  for (const tier of tiers) {
    const urls = takeUrls(tier, seen)
    if (urls.length > 0) accepted.push(urls)
  }
  return Object.freeze(accepted)
}

/** The acceptable URLs, each once, in order. */
export function acceptUrls(urls: readonly string[]): readonly string[] {
  return takeUrls(urls, new Set())
}

/** The web seeds of a torrent file (BEP 19): `url-list`, a string or a list of them. */
export function webSeeds(torrent: Dict): readonly string[] {
  return acceptUrls(textList(torrent.get('url-list')))
}

/** True for an absolute URL of any scheme with a host, without spaces or control characters. */
export function isAcceptableUrl(text: string): boolean {
  if (text.length > maxUrlBytes || !/^[a-z][a-z0-9+.-]*:\/\/[^/?#\s]/i.test(text)) return false
  // oxlint-disable-next-line no-control-regex
  return !/[\u0000-\u0020\u007f]/.test(text) && URL.canParse(text)
}

function takeUrls(urls: readonly string[], seen: Set<string>): readonly string[] {
  const taken: string[] = []
  for (const candidate of urls) {
    if (seen.size >= maxUrls) break
    const url = candidate.trim()
    if (seen.has(url) || !isAcceptableUrl(url)) continue
    seen.add(url)
    taken.push(url)
  }
  return Object.freeze(taken)
}

function textList(value: BencodeValue | undefined): string[] {
  const items = isList(value) ? value : value === undefined ? [] : [value]
  const texts: string[] = []
  for (const item of items) {
    const text = item instanceof Uint8Array && item.length <= maxUrlBytes ? utf8Strict(item) : undefined
    if (text !== undefined) texts.push(text)
  }
  return texts
}

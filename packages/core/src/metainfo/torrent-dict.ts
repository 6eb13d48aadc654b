import type { Encodable } from '../bytes/encode.js'
import { BitloomError } from '../bytes/errors.js'
import { isAcceptableUrl } from './trackers.js'

/** What a .torrent file says outside its info dictionary; changing it leaves the info-hash as it is. */
export interface Announced {
  /** BEP 12 tiers. */
  readonly trackers?: readonly (readonly string[])[]
  /** BEP 19. */
  readonly webSeeds?: readonly string[]
  readonly comment?: string
  readonly createdBy?: string
  /** Seconds since 1970 UTC. */
  readonly creationDate?: number
}

/**
 * The keys that announce a torrent, with undefined for those to be left out: only what `announced` has is among them.
 * @throws BitloomError INVALID_ARGUMENT for a URL without scheme and host, or a date that is no whole second
 */
export function announcedEntries(announced: Announced): Map<string, Encodable | undefined> {
  const entries = new Map<string, Encodable | undefined>()
  const { trackers, webSeeds, comment, createdBy, creationDate } = announced
  if (trackers !== undefined) {
    const tiers = trackers.filter((tier) => tier.length > 0)
    for (const tier of tiers) checkUrls(tier)
    entries.set('announce', tiers[0]?.[0])
    entries.set('announce-list', tiers.flat().length > 1 ? tiers : undefined)
  }
  if (webSeeds !== undefined) {
    checkUrls(webSeeds)
    entries.set('url-list', webSeeds.length === 0 ? undefined : webSeeds)
  }
  if (comment !== undefined) entries.set('comment', comment === '' ? undefined : comment)
  if (createdBy !== undefined) entries.set('created by', createdBy === '' ? undefined : createdBy)
  if (creationDate !== undefined) {
    if (!Number.isSafeInteger(creationDate) || creationDate < 0) throw refuse(`the date ${creationDate} is no second`)
    entries.set('creation date', creationDate)
  }
  return entries
}

/** A whole torrent file. */
export function torrentDict(
  announced: Announced,
  info: Encodable,
  pieceLayers: ReadonlyMap<string, Uint8Array> | undefined,
): Encodable {
  const torrent = new Map<string, Encodable>()
  for (const [key, value] of announcedEntries(announced)) if (value !== undefined) torrent.set(key, value)
  torrent.set('info', info)
  if (pieceLayers !== undefined) torrent.set('piece layers', pieceLayers)
  return torrent
}

function checkUrls(urls: readonly string[]): void {
  for (const url of urls) if (!isAcceptableUrl(url)) throw refuse(`"${url}" is no URL with a scheme and a host`)
}

function refuse(message: string): BitloomError {
  return new BitloomError('INVALID_ARGUMENT', message)
}

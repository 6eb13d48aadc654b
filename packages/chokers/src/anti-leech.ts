import type { Choker, ChokeFacts, TorrentView } from '@bitloom/core'
import { ranked } from './ranked.js'

/** Steps of the score: peers within a two-thousandth of the torrent count as equal, and then the longest wait decides. */
const steps = 2_000

/**
 * Prefers peers that just began and those about to finish, over those in between: the former have nothing to give yet, the
 * latter may stay as seeds, and whoever hides what it has is believed to have at least what we gave it.
 * Source: Chow, Golubchik and Misra, "Improving BitTorrent: A Simple Approach", IPTPS 2008, as in libtorrent,
 * `anti_leech_score` in `src/choker.cpp` (`seed_choking_algorithm = anti_leech`).
 */
export function antiLeech(): Choker {
  return ranked({
    name: 'anti-leech',
    source: 'Chow, Golubchik, Misra, “Improving BitTorrent: a simple approach”, IPTPS 2008',
    measures: (torrent) => [(facts) => -score(facts, torrent)],
    reason: (facts, torrent) => (isBeginner(facts, torrent) ? 'just began' : 'nearly whole'),
  })
}

/** 0 in the middle of the download, `steps / 2` at both ends. */
function score(facts: ChokeFacts, torrent: TorrentView): number {
  const totalBytes = torrent.content?.lengthBytes ?? 0
  if (totalBytes === 0) return 0
  return Math.floor((Math.abs(hasBytes(facts, torrent) - totalBytes / 2) * steps) / totalBytes)
}

function isBeginner(facts: ChokeFacts, torrent: TorrentView): boolean {
  return hasBytes(facts, torrent) < (torrent.content?.lengthBytes ?? 0) / 2
}

/** What it says it has; at least what we gave it, which counts to the middle only, so that taking much never raises a score. */
function hasBytes({ peer }: ChokeFacts, { content }: TorrentView): number {
  if (content === undefined) return 0
  const given = Math.min(peer.uploadedBytes, content.lengthBytes / 2)
  return Math.max(given, peer.haves.count * content.pieceLengthBytes)
}

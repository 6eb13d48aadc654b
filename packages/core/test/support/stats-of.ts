import type { TorrentView } from '../../src/ports/views.js'

/** All figures of a torrent as they are now: a view is live, and a spread copies nothing of it. */
export function statsOf({ stats }: TorrentView) {
  const { receivedBytes, wastedBytes, uploadedBytes, verifiedBytes, wantedBytes, leftBytes } = stats
  const { downRate, upRate, peers, seeds, knownAddresses, checkedPieces } = stats
  const bytes = [receivedBytes, wastedBytes, uploadedBytes, verifiedBytes, wantedBytes, leftBytes]
  return [...bytes, downRate, upRate, peers, seeds, knownAddresses, checkedPieces]
}

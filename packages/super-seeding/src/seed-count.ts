import type { PeerView, TorrentView } from '@bitloom/core'

/** Seeds that are remembered after they left: two seeds soon part, since they want nothing of each other. */
const mostRemembered = 1_000

/** How many other seeds a torrent has, as far as can be known from here: those that were met, or what a tracker counts. */
export class SeedCount {
  readonly #met = new Set<string>()

  meet(peer: PeerView): void {
    if (peer.isSeed && this.#met.size < mostRemembered) this.#met.add(peer.peerId.join())
  }

  /** We are one of those that a tracker counts. */
  of(torrent: TorrentView): number {
    const counted = torrent.trackers.map(({ seeders = 0 }) => seeders - 1)
    return Math.max(this.#met.size, ...counted)
  }
}

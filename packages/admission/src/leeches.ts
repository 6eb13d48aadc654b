import type { PeerView } from '@bitloom/core'

/** What makes a peer a leech. */
export interface LeechRules {
  readonly leechBytes: number
  readonly leechRatio: number
  readonly leechMs: number
}

interface Account {
  readonly sinceMs: number
  readonly takenBytes: number
  readonly givenBytes: number
}

/** Watches, over stretches of time, what peers take and give while we want something of them. */
export class Leeches {
  readonly #rules: LeechRules
  readonly #accounts = new WeakMap<PeerView, Account>()

  constructor(rules: LeechRules) {
    this.#rules = rules
  }

  /**
   * Called now and then for each peer of a torrent that downloads. True: it took a lot, had what we want all the time, and
   * gave too little.
   */
  isLeech(peer: PeerView, nowMs: number): boolean {
    const { leechBytes, leechRatio, leechMs } = this.#rules
    const { uploadedBytes: takenBytes, downloadedBytes: givenBytes } = peer
    const begun = this.#accounts.get(peer)
    // Who has nothing that we want cannot give: its time begins when it has.
    const canGive = peer.amInterested && !peer.uploadOnly
    if (begun === undefined || !canGive) {
      this.#accounts.set(peer, { sinceMs: nowMs, takenBytes, givenBytes })
      return false
    }
    if (nowMs - begun.sinceMs < leechMs) return false
    this.#accounts.set(peer, { sinceMs: nowMs, takenBytes, givenBytes })
    const taken = takenBytes - begun.takenBytes
    return taken >= leechBytes && givenBytes - begun.givenBytes < taken * leechRatio
  }
}

import type { Named } from './named.js'
import type { Random } from './random.js'
import { token } from './token.js'
import type { PeerView, TorrentView } from './views.js'

/** Facts about one candidate: a peer that is interested in us. Rates are bytes/s. */
export interface ChokeFacts {
  readonly peer: PeerView
  /** What it gives us. */
  readonly downRate: number
  /** What we give it. */
  readonly upRate: number
  readonly theyUnchokeUs: boolean
  /** `undefined` = choked now. */
  readonly unchokedAtMs: number | undefined
  readonly connectedAtMs: number
  readonly snubbed: boolean
}

/** One round of a torrent with at least one interested peer. */
export interface ChokeRound {
  readonly nowMs: number
  readonly slots: number
  /** Nothing wanted is missing. */
  readonly seeding: boolean
  /** Bytes/s, where there is a limit. */
  readonly uploadLimit: number | undefined
  readonly candidates: readonly ChokeFacts[]
}

export interface Unchoke {
  readonly peer: PeerView
  /** A constant string that says why. */
  readonly reason: string
  /** Feeds the limiter; absent = a fair share. */
  readonly uploadBytesPerSecond?: number
}

/**
 * Makes the ordered list of peers to unchoke, best first: candidates only, each at most once. It may be longer than the
 * slots: core drops the gone and cuts it there. May keep private state, of one torrent; time and chance come as arguments.
 */
export interface Choker extends Named {
  create(torrent: TorrentView, random: Random): (round: ChokeRound) => readonly Unchoke[]
}
export const Choker = token<Choker>('Choker')

import type { ChokeFacts, ChokeRound, PeerView, Random } from '@bitloom/core'

interface Past {
  waitsSinceMs: number
  lot: number
  chokedBytes: number
}

/** What is remembered of the peers of one torrent between rounds. */
export interface History {
  /** Takes a round in, before it is asked about. */
  see(round: ChokeRound): void
  /** When the peer last was seen unchoked, or joined: its waiting counts from here. */
  waitsSinceMs(facts: ChokeFacts): number
  /** Its place in line: drawn until it was unchoked once, or all peers of a swarm would give to the same ones. */
  lot(facts: ChokeFacts): number
  /** Bytes we sent it since it was unchoked. */
  sentBytes(facts: ChokeFacts): number
}

/** An empty history. It forgets a peer with its view. */
export function history(random: Random): History {
  const pasts = new WeakMap<PeerView, Past>()
  return {
    see({ candidates, nowMs }) {
      for (const { peer, unchokedAtMs, connectedAtMs } of candidates) {
        const past = pasts.get(peer) ?? { waitsSinceMs: connectedAtMs, lot: -1 - random.below(2 ** 32), chokedBytes: 0 }
        if (unchokedAtMs === undefined) past.chokedBytes = peer.uploadedBytes
        else past.waitsSinceMs = past.lot = nowMs
        pasts.set(peer, past)
      }
    },
    waitsSinceMs: ({ peer }) => pasts.get(peer)?.waitsSinceMs ?? 0,
    lot: ({ peer }) => pasts.get(peer)?.lot ?? 0,
    sentBytes: ({ peer }) => peer.uploadedBytes - (pasts.get(peer)?.chokedBytes ?? 0),
  }
}

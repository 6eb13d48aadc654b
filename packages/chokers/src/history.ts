import type { ChokeFacts, ChokeRound, PeerView } from '@bitloom/core'

interface Past {
  waitsSinceMs: number
  chokedBytes: number
}

/** What is remembered of the peers of one torrent between rounds. */
export interface History {
  /** Takes a round in, before it is asked about. */
  see(round: ChokeRound): void
  /** When the peer last was seen unchoked, or joined: its waiting counts from here. */
  waitsSinceMs(facts: ChokeFacts): number
  /** Bytes we sent it since it was unchoked. */
  sentBytes(facts: ChokeFacts): number
}

/** An empty history. It forgets a peer with its view. */
export function history(): History {
  const pasts = new WeakMap<PeerView, Past>()
  return {
    see({ candidates, nowMs }) {
      for (const { peer, unchokedAtMs, connectedAtMs } of candidates) {
        const past = pasts.get(peer) ?? { waitsSinceMs: connectedAtMs, chokedBytes: 0 }
        if (unchokedAtMs === undefined) past.chokedBytes = peer.uploadedBytes
        else past.waitsSinceMs = nowMs
        pasts.set(peer, past)
      }
    },
    waitsSinceMs: ({ peer }) => pasts.get(peer)?.waitsSinceMs ?? 0,
    sentBytes: ({ peer }) => peer.uploadedBytes - (pasts.get(peer)?.chokedBytes ?? 0),
  }
}

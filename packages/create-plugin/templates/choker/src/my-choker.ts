import type { Choker } from '@bitloom/core'

/** Equal shares: whoever has got least of us comes first, and at equal shares who has been connected longest. */
export const equalShares: Choker = {
  name: 'my-choker',
  create: () => (round) =>
    round.candidates
      .toSorted((a, b) => a.peer.uploadedBytes - b.peer.uploadedBytes || a.connectedAtMs - b.connectedAtMs)
      .map(({ peer }) => ({ peer, reason: 'has got least' })),
}

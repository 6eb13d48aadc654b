import type { HookName } from './hooks.js'

/** How the answers of several taps are joined; the words of tapable. */
export type HookKind = 'AsyncSeriesWaterfall' | 'SyncBail' | 'SyncWaterfall' | 'Sync'

/** One row of `docs/HOOKS.md`, which is generated from here. */
export interface HookRow {
  readonly kind: HookKind
  /** When the engine calls it. */
  readonly called: string
  /** What a tap may answer, and what that does. */
  readonly answer: string
  /** What happens when a tap throws, rejects, is late or answers something else. */
  readonly onThrow: string
}

const isolated = 'reported; the other taps run'

/** Every hook: what kind it is, when it is called, and what becomes of a tap that fails. */
export const hookTable = {
  announce: {
    kind: 'AsyncSeriesWaterfall',
    called:
      'Once per request to one tracker URL, after the tier chose it, so that a tap can act per tracker. The request is frozen. The whole chain has 5 s, 2 s for `stopped`; then the last good request goes out.',
    answer:
      'The changed request, or `undefined` to leave it. `skip: "why"` in it ends this announce as if it were done.',
    onThrow: 'the request stays as it was',
  },
  pickPiece: {
    kind: 'SyncBail',
    called: 'Once per refill turn of one peer (about every 4 to 16 blocks), before the picker of the torrent.',
    answer:
      'A tap takes what it wants with `picks.take` and leaves the rest of the budget to those after it; `true` = ask this peer for nothing more in this turn.',
    onThrow: 'the next tap, then the picker',
  },
  storeBlock: {
    kind: 'SyncBail',
    called:
      'For each whole block, before the ledger counts it. `block.bytes` is readonly, and dead after the call: copy what you keep.',
    answer:
      '`false` = throw the block away as waste, and never ask it of that peer again. Three rejections of one block fail the torrent, naming the plugin.',
    onThrow: 'the block is kept',
  },
  chokeDecision: {
    kind: 'SyncWaterfall',
    called:
      "Every 10 s for each torrent with an interested peer, and at most once a second when a slot falls free; after the torrent's choker.",
    answer: 'An ordered list, best first, or `undefined` to leave it. Core drops the gone and cuts at `round.slots`.',
    onThrow: 'the list stays as it was',
  },
  acceptPeer: {
    kind: 'SyncBail',
    called:
      'At five stages: `known` (an address is inserted), `dial`, `accept` (torrent not known yet), `handshake` (peer id known) and `extended` (client name known).',
    answer: 'A refusal with its reason and, with `banMs`, a ban of the host; `undefined` to let the next tap decide.',
    onThrow:
      'refuses: the one hook that fails closed; it is never switched off, and only the first 5 failures in a row are reported',
  },
  showHaves: {
    kind: 'SyncWaterfall',
    called:
      'Once per peer, before our bitfield goes out, and again when content arrives. The command `reveal` widens the answer later.',
    answer: 'The pieces this peer may see, as `Bits` of the same length, or `undefined` to leave them.',
    onThrow: 'what is shown stays as it was',
  },
  torrentAdded: watching('A torrent was added to the session.'),
  torrentRemoved: watching('A torrent left the session.'),
  peerConnected: watching('A peer passed its handshake and belongs to the torrent.'),
  peerDisconnected: watching('A peer is gone, and why.'),
  peerHas: watching('Once per HAVE that a peer sent.'),
  pieceVerified: watching('A piece was hashed good, is written and can be read.'),
  pieceRejected: watching('A piece failed its hash; with the peers that gave its blocks.'),
  completed: watching('Every wanted piece is verified and durable.'),
  announced: watching('An announce ended, well or not. Its URL is redacted.'),
  torrentFailed: watching('A torrent went into the state `failed` or `blocked`, and why.'),
  pluginFailed: {
    kind: 'Sync',
    called: 'A plugin threw, was late or answered something wrong. The error is a PluginError naming plugin and hook.',
    answer: 'Nothing.',
    onThrow: 'logged only, so that it cannot go in circles',
  },
} as const satisfies Readonly<Record<HookName, HookRow>>

function watching(called: string) {
  return { kind: 'Sync', called, answer: 'Nothing.', onThrow: isolated } as const
}

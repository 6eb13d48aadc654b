import type { Counts } from './counts.js'

/** One value of a metric, with its labels. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>
  readonly value: number
}

/** One metric: what it is called, what it means, and how it is read of the counts when somebody asks. */
export interface Definition {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  readonly labels?: readonly string[]
  read(counts: Counts): readonly Sample[]
}

const counter = (name: string, help: string, value: (counts: Counts) => number): Definition => {
  return { name, type: 'counter', help, read: (counts) => [{ value: value(counts) }] }
}
const gauge = (name: string, help: string, value: (counts: Counts) => number): Definition => {
  return { name, type: 'gauge', help, read: (counts) => [{ value: value(counts) }] }
}

/** Every metric, in the order of `docs/METRICS.md`, which is generated from here. */
export const definitions: readonly Definition[] = [
  counter('bitloom_received_bytes_total', 'Payload that peers sent us.', ({ transfer }) => transfer().receivedBytes),
  counter(
    'bitloom_wasted_bytes_total',
    'Of the received payload what was thrown away: blocks of bad pieces, and blocks that came twice.',
    ({ transfer }) => transfer().wastedBytes,
  ),
  counter('bitloom_uploaded_bytes_total', 'Payload that peers got of us.', ({ transfer }) => transfer().uploadedBytes),
  gauge('bitloom_left_bytes', 'What is wanted and missing, of all torrents.', ({ left }) => left()),
  counter(
    'bitloom_pieces_verified_total',
    'Pieces that were hashed good and written.',
    ({ piecesVerified }) => piecesVerified,
  ),
  counter('bitloom_pieces_rejected_total', 'Pieces that failed their hash.', ({ piecesRejected }) => piecesRejected),
  {
    name: 'bitloom_torrents',
    type: 'gauge',
    help: 'Torrents in the session, by their state.',
    labels: ['state'],
    read: ({ states }) => [...states()].map(([state, value]) => ({ labels: { state }, value })),
  },
  {
    name: 'bitloom_peers',
    type: 'gauge',
    help: 'Connected peers: seeds, and those that still download.',
    labels: ['kind'],
    read({ peers }) {
      const { all, seeds } = peers()
      return [
        { labels: { kind: 'seed' }, value: seeds },
        { labels: { kind: 'leech' }, value: all - seeds },
      ]
    },
  },
  gauge('bitloom_unchoked_peers', 'Connected peers that we let take data.', ({ peers }) => peers().unchoked),
  counter('bitloom_connections_total', 'Peers that passed their handshake.', ({ connections }) => connections),
  counter(
    'bitloom_disconnections_total',
    'Peers that were connected and are gone.',
    ({ disconnections }) => disconnections,
  ),
  counter(
    'bitloom_choke_rounds_total',
    'Decisions whom to unchoke: every 10 s for each torrent with an interested peer, and when a slot falls free.',
    ({ chokeRounds }) => chokeRounds,
  ),
  {
    name: 'bitloom_announces_total',
    type: 'counter',
    help: 'Announces to trackers that ended, well or not.',
    labels: ['outcome'],
    read: ({ announces }) => [
      { labels: { outcome: 'ok' }, value: announces.ok },
      { labels: { outcome: 'error' }, value: announces.error },
    ],
  },
  counter(
    'bitloom_torrent_failures_total',
    'Times a torrent became failed or blocked.',
    ({ torrentFailures }) => torrentFailures,
  ),
  {
    name: 'bitloom_plugin_failures_total',
    type: 'counter',
    help: 'Times a plugin threw, was late or answered something wrong, by the plugin.',
    labels: ['plugin'],
    read: ({ pluginFailures }) => [...pluginFailures].map(([plugin, value]) => ({ labels: { plugin }, value })),
  },
  {
    name: 'bitloom_hook_calls_total',
    type: 'counter',
    help: 'Calls of the taps of a plugin in a hook. `announce` is not counted: its taps may wait.',
    labels: ['hook', 'plugin'],
    read: ({ taps }) =>
      [...taps.values()].map(({ hook, plugin, calls }) => ({ labels: { hook, plugin }, value: calls })),
  },
  {
    name: 'bitloom_hook_seconds_total',
    type: 'counter',
    help: 'Time that these calls took; nothing else happens meanwhile.',
    labels: ['hook', 'plugin'],
    read: ({ taps }) =>
      [...taps.values()].map(({ hook, plugin, ms }) => ({ labels: { hook, plugin }, value: ms / 1_000 })),
  },
  {
    name: 'bitloom_hook_longest_seconds',
    type: 'gauge',
    help: 'The longest of these calls since the last time the metrics were read.',
    labels: ['hook', 'plugin'],
    read: (counts) =>
      [...counts.taps.values()].map((tap) => {
        const value = tap.longestMs / 1_000
        tap.longestMs = 0
        return { labels: { hook: tap.hook, plugin: tap.plugin }, value }
      }),
  },
  {
    name: 'bitloom_event_loop_delay_seconds',
    type: 'gauge',
    help: 'How late the event loop was, since the last time the metrics were read: the middle (0.5), 99 in 100 (0.99), the worst (1).',
    labels: ['quantile'],
    read: ({ loopDelay }) => loopDelay().map(({ quantile, ms }) => ({ labels: { quantile }, value: ms / 1_000 })),
  },
  gauge(
    'bitloom_unwritten_bytes',
    'The queue of the disk: data asked of peers or received, and not written yet. At its limit (`unwrittenBytes`, 32 MiB) nothing more is asked.',
    ({ unwritten }) => unwritten(),
  ),
]

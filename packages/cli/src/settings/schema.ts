import {
  type Kind,
  count,
  countOrAll,
  duration,
  file,
  listenAt,
  listenOrNot,
  loudness,
  name,
  names,
  onOff,
  oneOf,
  peers,
  periods,
  rate,
  rateOrAll,
  ratio,
  seedGoal,
  size,
  suffix,
} from './kinds.js'

/**
 * One setting. Its key is its name in a configuration file; that of its flag and its environment variable follow from it.
 * Flags, variables, files, help, completion, `config print` and docs/SETTINGS.md are made of this.
 */
export interface Setting<T> {
  readonly kind: Kind<T>
  /** As commander has them: `-o, --output <dir>`; `--no-x` is the opposite of `--x`. */
  readonly flags: readonly string[]
  readonly about: string
  /** As it would be written; absent = not set. */
  readonly preset?: string | number | boolean
  /** What holds while it is not set, for people. */
  readonly usual?: string
  /** Values of all layers are joined, weakest first, instead of replaced. */
  readonly isGathered?: boolean
}

type Group = Readonly<Record<string, Setting<unknown>>>
/** What the settings of a group are, by key. */
export type Values<G extends Group> = { readonly [K in keyof G]: G[K] extends Setting<infer T> ? T : never }

type More = Pick<Setting<unknown>, 'usual' | 'isGathered'>
type Preset = { readonly preset: string | number | boolean }

function setting<T>(kind: Kind<T>, flags: string | readonly string[], about: string, more: Preset): Setting<T>
function setting<T>(
  kind: Kind<T>,
  flags: string | readonly string[],
  about: string,
  more?: More,
): Setting<T | undefined>
function setting<T>(
  kind: Kind<T>,
  flags: string | readonly string[],
  about: string,
  more: More & Partial<Preset> = {},
): Setting<T | undefined> {
  return { kind, flags: typeof flags === 'string' ? [flags] : flags, about, ...more }
}

/** Every verb has these. */
export const common = {
  json: setting(onOff, '--json', 'print JSON: one document, or one object a line for long-running verbs', {
    preset: false,
  }),
  stateDir: setting(file, '--state-dir <dir>', 'where records and locks live', {
    usual: '`$XDG_STATE_HOME/bitloom`',
  }),
  plugin: setting(
    names,
    '--plugin <spec>',
    'load a plugin: an npm name, a file, or the folder of a package (repeatable)',
    { isGathered: true },
  ),
  noPlugin: setting(names, '--no-plugin <name>', 'leave a built-in plugin out (repeatable)', { isGathered: true }),
  progress: setting(oneOf('auto', 'bar', 'plain', 'none'), '--progress <kind>', 'how to show progress', {
    preset: 'auto',
  }),
  quiet: setting(onOff, '-q, --quiet', 'say nothing but results and errors', { preset: false }),
  verbose: setting(
    loudness,
    '-v, --verbose',
    'log more, and why peers are unchoked or refused (-vv: everything, each pick too)',
    { preset: 0 },
  ),
  logFile: setting(file, '--log-file <file>', 'write the log to a file'),
  color: setting(oneOf('auto', 'always', 'never'), '--color <when>', 'use colour', { preset: 'auto' }),
} as const satisfies Group

/** How the engine of `download`, `seed` and `daemon` works. */
export const engine = {
  output: setting(file, '-o, --output <dir>', 'the folder that contains the torrent', { preset: '.' }),
  listen: setting(listenAt, '--listen <[host:]port>', 'where to listen', {
    usual: 'a free port from 6881-6889 on all interfaces',
  }),
  trackers: setting(onOff, '--no-trackers', 'do not announce to the trackers of the torrent', { preset: true }),
  limitDown: setting(rate, '--limit-down <rate>', 'bytes a second, such as 2M', { usual: 'unlimited' }),
  limitUp: setting(rate, '--limit-up <rate>', 'bytes a second, such as 512K', { usual: 'unlimited' }),
  schedule: setting(
    periods,
    '--schedule <period>',
    'when the limits of --schedule-limit-down and --schedule-limit-up hold instead (repeatable)',
  ),
  scheduleLimitDown: setting(rateOrAll, '--schedule-limit-down <rate>', 'bytes a second in these times', {
    usual: 'as at other times',
  }),
  scheduleLimitUp: setting(rateOrAll, '--schedule-limit-up <rate>', 'bytes a second in these times', {
    usual: 'as at other times',
  }),
  maxPeers: setting(count, '--max-peers <n>', 'connected peers per torrent', { usual: '50' }),
  maxPeersTotal: setting(count, '--max-peers-total <n>', 'connected peers in all', {
    usual: '200, or `--max-peers` where that is more',
  }),
  uploadSlots: setting(count, '--upload-slots <n>', 'peers that get data at a time, in all', { usual: '20' }),
  halfOpen: setting(count, '--half-open <n>', 'connections being opened at a time', { usual: '50' }),
  dialsPerSecond: setting(count, '--dials-per-second <n>', 'connections begun a second', { usual: '30' }),
  knownAddresses: setting(count, '--known-addresses <n>', 'addresses of peers kept per torrent', { usual: '2000' }),
  unwritten: setting(size, '--unwritten <size>', 'data received and not yet written, at most', { usual: '64M' }),
  picker: setting(name, '--picker <name>', 'how pieces are chosen', { usual: 'rarest-first' }),
  choker: setting(name, '--choker <name>', 'how peers are unchoked', { usual: 'tit-for-tat' }),
  storage: setting(name, '--storage <name>', 'where data is kept', { usual: 'fs' }),
  check: setting(
    oneOf('trust', 'sample', 'full'),
    '--check <mode>',
    'how data of an earlier run is believed: by size and time, by a sample, not at all',
    { preset: 'trust' },
  ),
} as const satisfies Group

/** `download` and `seed`. */
export const transfer = {
  ...engine,
  peer: setting(peers, '--peer <host:port>', 'connect to this peer (repeatable)'),
  timeout: setting(duration, '--timeout <duration>', 'give up after this time', { usual: 'never' }),
  stallTimeout: setting(duration, '--stall-timeout <duration>', 'give up when nothing has come for this time', {
    usual: 'never',
  }),
  trace: setting(file, '--trace <file>', 'write every decision and its reason, for explain (- for standard output)'),
} as const satisfies Group

/** `download` and `daemon`. */
export const incomplete = {
  incompleteDirectory: setting(
    file,
    '--incomplete-directory <dir>',
    'keep data here until it is whole, then move it to the output folder',
    { usual: 'the output folder' },
  ),
  incompleteSuffix: setting(
    suffix,
    '--incomplete-suffix <text>',
    'what files carry at the end of their names until they are whole, such as .part',
    { usual: 'nothing' },
  ),
} as const satisfies Group

export const download = {
  select: setting(names, '--select <files>', 'only these files: a glob, or numbers such as 1,3-5 (repeatable)', {
    usual: 'all files',
  }),
  list: setting(onOff, '--list', 'print the files and stop', { preset: false }),
  sequential: setting(onOff, '--sequential', 'first piece first', { preset: false }),
  seed: setting(seedGoal, '--seed [goal]', 'go on seeding: until stopped, or --seed=RATIO or --seed=DURATION'),
} as const satisfies Group

export const seed = {
  skipCheck: setting(onOff, '--skip-check', 'trust that the data is whole', { preset: false }),
  ratio: setting(ratio, '--ratio <ratio>', 'stop after uploading this many times the size', { usual: 'never' }),
  time: setting(duration, '--time <duration>', 'stop after this time', { usual: 'never' }),
} as const satisfies Group

export const daemon = {
  watch: setting(names, '--watch <dir>', 'add the torrent files that come into this folder (repeatable)'),
  watchEvery: setting(duration, '--watch-every <duration>', 'how often to look into watched folders', { preset: '2s' }),
  activeDownloads: setting(countOrAll, '--active-downloads <n>', 'torrents that download at a time', { preset: 3 }),
  activeSeeds: setting(countOrAll, '--active-seeds <n>', 'torrents that seed at a time', { preset: 5 }),
  activeChecks: setting(count, '--active-checks <n>', 'torrents whose data is looked at, at a time', { preset: 4 }),
  seedRatio: setting(ratio, '--seed-ratio <ratio>', 'pause what has uploaded this many times its size', {
    usual: 'never',
  }),
  seedTime: setting(duration, '--seed-time <duration>', 'pause what has seeded for so long', { usual: 'never' }),
} as const satisfies Group

export const tracker = {
  http: setting(listenOrNot, ['--http <[host:]port>', '--no-http'], 'where to listen for HTTP', { usual: '6969' }),
  udp: setting(listenOrNot, ['--udp <[host:]port>', '--no-udp'], 'where to listen for UDP', { usual: '6969' }),
  allow: setting(file, '--allow <file>', 'only torrents of this list: an info-hash a line', { usual: 'all torrents' }),
  interval: setting(duration, '--interval <duration>', 'how often clients should announce', { usual: '30m' }),
} as const satisfies Group

/** The settings of each verb beyond the common ones; verbs that are not here have flags of their own only. */
export const verbs: Readonly<Record<string, readonly Group[]>> = {
  download: [transfer, incomplete, download],
  seed: [transfer, seed],
  daemon: [engine, incomplete, daemon],
  tracker: [tracker],
  config: [transfer, incomplete, download, seed, daemon, tracker],
}

/** Every setting, by key. */
export const allSettings: Group = { ...common, ...transfer, ...incomplete, ...download, ...seed, ...daemon, ...tracker }

/** The settings that steer a verb, by key. */
export function settingsOf(verb: string): Group {
  return Object.assign({}, common, ...(verbs[verb] ?? [])) as Group
}

import { isBitloomError, type PluginHost, type TorrentView } from '@bitloom/core'
import type { LoopDelay } from './loop-delay.js'

/** How the taps of one plugin in one hook were busy. */
export interface TapCount {
  readonly hook: string
  readonly plugin: string
  calls: number
  ms: number
  /** Since the last look. */
  longestMs: number
}

/** Payload of all torrents, those that were removed included. */
export interface Transfer {
  readonly receivedBytes: number
  readonly wastedBytes: number
  readonly uploadedBytes: number
}

/** What is known of a session: counts that hooks keep, and looks at it that cost something only when they are taken. */
export interface Counts {
  transfer(): Transfer
  left(): number
  states(): ReadonlyMap<string, number>
  peers(): { readonly all: number; readonly seeds: number; readonly unchoked: number }
  loopDelay(): ReturnType<LoopDelay['read']>
  unwritten(): number
  piecesVerified: number
  piecesRejected: number
  connections: number
  disconnections: number
  chokeRounds: number
  torrentFailures: number
  readonly announces: { ok: number; error: number }
  readonly pluginFailures: Map<string, number>
  /** By hook and plugin. */
  readonly taps: Map<string, TapCount>
}

/** Counts what happens in a session from now on; it ends with the plugin. */
export function countSession(host: PluginHost, delay: LoopDelay): Counts {
  const gone = { receivedBytes: 0, wastedBytes: 0, uploadedBytes: 0 }
  const counts: Counts = {
    transfer: () => [gone, ...host.torrents().map(({ stats }) => stats)].reduce(addTransfer, none),
    left: () => host.torrents().reduce((sum, { stats }) => sum + stats.leftBytes, 0),
    states: () => countStates(host.torrents()),
    peers: () => countPeers(host.torrents()),
    loopDelay: () => delay.read(),
    unwritten: () => host.unwrittenBytes,
    piecesVerified: 0,
    piecesRejected: 0,
    connections: 0,
    disconnections: 0,
    chokeRounds: 0,
    torrentFailures: 0,
    announces: { ok: 0, error: 0 },
    pluginFailures: new Map(),
    taps: new Map(),
  }
  // A counter must not fall when a torrent goes.
  host.hooks.torrentRemoved.tap(({ stats }) => void Object.assign(gone, addTransfer(gone, stats)))
  tapCounters(host, counts)
  host.defer(
    host.timeTaps({
      now: () => performance.now(),
      took(plugin, hook, ms) {
        const key = `${hook} ${plugin}`
        let tap = counts.taps.get(key)
        if (tap === undefined) counts.taps.set(key, (tap = { hook, plugin, calls: 0, ms: 0, longestMs: 0 }))
        tap.calls++
        tap.ms += ms
        tap.longestMs = Math.max(tap.longestMs, ms)
      },
    }),
  )
  return counts
}

function tapCounters({ hooks }: PluginHost, counts: Counts): void {
  hooks.pieceVerified.tap(() => void counts.piecesVerified++)
  hooks.pieceRejected.tap(() => void counts.piecesRejected++)
  hooks.peerConnected.tap(() => void counts.connections++)
  hooks.peerDisconnected.tap(() => void counts.disconnections++)
  hooks.torrentFailed.tap(() => void counts.torrentFailures++)
  hooks.chokeDecision.tap(() => {
    counts.chokeRounds++
    return undefined
  })
  hooks.announced.tap(({ error }) => void counts.announces[error === undefined ? 'ok' : 'error']++)
  hooks.pluginFailed.tap((error) => {
    const plugin = isBitloomError(error) && 'plugin' in error ? String(error.plugin) : 'unknown'
    counts.pluginFailures.set(plugin, (counts.pluginFailures.get(plugin) ?? 0) + 1)
  })
}

const none: Transfer = { receivedBytes: 0, wastedBytes: 0, uploadedBytes: 0 }

function addTransfer(sum: Transfer, more: Transfer): Transfer {
  return {
    receivedBytes: sum.receivedBytes + more.receivedBytes,
    wastedBytes: sum.wastedBytes + more.wastedBytes,
    uploadedBytes: sum.uploadedBytes + more.uploadedBytes,
  }
}

function countStates(torrents: readonly TorrentView[]): Map<string, number> {
  const states = new Map<string, number>()
  for (const { state } of torrents) states.set(state, (states.get(state) ?? 0) + 1)
  return states
}

function countPeers(torrents: readonly TorrentView[]): ReturnType<Counts['peers']> {
  let [all, seeds, unchoked] = [0, 0, 0]
  for (const { stats, peers } of torrents) {
    all += stats.peers
    seeds += stats.seeds
    for (const { amChoking } of peers) if (!amChoking) unchoked++
  }
  return { all, seeds, unchoked }
}

import {
  type AnnounceAnswer,
  type AnnounceEvent,
  type PluginHost,
  Random,
  TrackerClient,
  TrackerError,
  redactUrl,
} from '@bitloom/core'
import { CliError } from './exit-codes.js'
import { parseTiers } from './options.js'
import type { Runtime } from './runtime.js'
import { openSession } from './session.js'
import { identify, wireHashOf } from './torrents.js'

export interface ProbeOptions {
  readonly tracker?: readonly string[]
  /** Milliseconds. */
  readonly timeout?: number
}

/** What a probe is about. */
export interface ProbeTarget {
  /** 20 bytes. */
  readonly infoHash: Uint8Array
  readonly trackers: readonly string[]
  /** `undefined` where the ID does not say. */
  readonly lengthBytes: number | undefined
  readonly private: boolean
}

/** What one tracker was asked and answered. */
export interface ProbeOutcome<A> {
  /** Redacted. */
  readonly url: string
  readonly answer?: A
  readonly error?: unknown
}

const defaultTimeoutMs = 15_000

/** The torrent an ID stands for, with the trackers of `--tracker` or else its own. @throws CliError USAGE without any */
export async function probeTarget(id: string, options: ProbeOptions, runtime: Runtime): Promise<ProbeTarget> {
  const found = await identify(id, runtime)
  const source = found.kind === 'torrent' ? found.torrent : found.link
  const trackers = options.tracker === undefined ? source.trackers.flat() : parseTiers(options.tracker).flat()
  if (trackers.length === 0) throw new CliError('USAGE', `${id} names no tracker: give one with --tracker`)
  return {
    infoHash: wireHashOf(source.infoHashes),
    trackers,
    lengthBytes: source.lengthBytes,
    private: found.kind === 'torrent' && found.torrent.private,
  }
}

/** Runs `work` with the services of a session that does not listen, and closes it. */
export async function withHost<T>(runtime: Runtime, work: (host: PluginHost) => Promise<T>): Promise<T> {
  const { session, host } = await openSession(runtime, { listen: false })
  try {
    return await work(host)
  } finally {
    await session.close()
  }
}

/** Asks every tracker at the same time; failures are outcomes. */
export function askTrackers<A>(
  host: PluginHost,
  target: ProbeTarget,
  timeoutMs: number = defaultTimeoutMs,
  stop: AbortSignal,
  ask: (client: TrackerClient, url: string, signal: AbortSignal) => Promise<A>,
): Promise<ProbeOutcome<A>[]> {
  const clients = host.all(TrackerClient)
  return Promise.all(
    target.trackers.map(async (url): Promise<ProbeOutcome<A>> => {
      const timeout = AbortSignal.timeout(timeoutMs)
      try {
        const client = clients.find(({ schemes }) => schemes.includes(url.slice(0, url.indexOf(':')).toLowerCase()))
        if (client === undefined) throw unsupported(url)
        return { url: redactUrl(url), answer: await ask(client, url, AbortSignal.any([timeout, stop])) }
      } catch (error) {
        return { url: redactUrl(url), error: timeout.aborted ? tooLate(url, timeoutMs) : error }
      }
    }),
  )
}

function unsupported(url: string): TrackerError {
  return new TrackerError('TRACKER_UNSUPPORTED', `No plugin speaks to trackers such as ${redactUrl(url)}`)
}

function tooLate(url: string, timeoutMs: number): CliError {
  return new CliError('TIMEOUT', `The tracker ${redactUrl(url)} did not answer within ${timeoutMs / 1000} s`)
}

/** How an announce of a probe looks. */
export interface ProbeAnnounce {
  readonly event: AnnounceEvent | undefined
  readonly port: number
  readonly numWant: number
}

/** Announces once to every tracker of the target, as a peer that has nothing yet. */
export async function announceAll(
  host: PluginHost,
  target: ProbeTarget,
  options: ProbeOptions,
  stop: AbortSignal,
  { event, port, numWant }: ProbeAnnounce,
  identity: { readonly peerId: Uint8Array; readonly key: number },
): Promise<ProbeOutcome<AnnounceAnswer>[]> {
  const left = target.lengthBytes ?? 16_384
  return askTrackers(host, target, options.timeout, stop, (client, url, signal) =>
    client.announce(
      { url, event, port, numWant, uploaded: 0, downloaded: 0, left, params: {}, headers: {} },
      { infoHash: target.infoHash, private: target.private, ...identity },
      signal,
    ),
  )
}

/** A peer id and key for one probe. */
export function probeIdentity(host: PluginHost): { readonly peerId: Uint8Array; readonly key: number } {
  const random = host.get(Random)
  const peerId = new Uint8Array(20)
  peerId.set(new TextEncoder().encode('-BL0100-'))
  peerId.set(random.bytes(12), 8)
  return { peerId, key: random.below(2 ** 32) }
}

/** 0 if any tracker answered; else the first error is thrown. */
export function probeExit(outcomes: readonly ProbeOutcome<unknown>[], stop: AbortSignal): number {
  if (stop.aborted) throw new CliError('INTERRUPTED', 'Stopped before the trackers answered')
  const failed = outcomes.find(({ error }) => error !== undefined)
  if (failed !== undefined && outcomes.every(({ error }) => error !== undefined)) throw failed.error
  return 0
}

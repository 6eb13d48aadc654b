/** What every `TrackerClient` needs around its protocol: a deadline, checked addresses, both address families. */
import { TrackerError } from '../bytes/errors.js'
import type { Clock } from './clock.js'
import { formatEndpoint } from './endpoint.js'
import type { Resolver } from './resolver.js'
import { type AnnounceAnswer, redactUrl } from './tracker-client.js'
import { mayReach } from './tracker-safety.js'

/** LIMITS, "Trackers and URLs": further peers of one answer are left out. */
export const maxPeersPerAnswer = 2000

/** How long the answer over one address family waits for the answer over the other. */
export const familyGraceMs = 2000

/** The frame of one request to a tracker. */
export interface TrackerRun {
  readonly url: string
  readonly clock: Clock
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/**
 * Runs `work` until it settles, the signal aborts or the time is over; it hears of that by its own signal, and cannot
 * delay the end.
 * @throws TrackerError TRACKER_UNREACHABLE naming the redacted URL, besides what `work` throws
 */
export function withDeadline<T>(run: TrackerRun, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { url, clock, timeoutMs } = run
  // One signal may belong to many requests: a derived one keeps Node from warning about its listeners.
  const signal = AbortSignal.any([run.signal])
  return new Promise<T>((resolve, reject) => {
    const controller = new AbortController()
    const end = (settle: () => void): void => {
      cancel()
      signal.removeEventListener('abort', stop)
      settle()
      controller.abort()
    }
    const fail = (what: string, cause?: unknown): void => {
      const message = `the tracker ${redactUrl(url)} ${what}`
      end(() => reject(new TrackerError('TRACKER_UNREACHABLE', message, { cause })))
    }
    const stop = (): void => fail('was not waited for any longer', signal.reason)
    const cancel = clock.after(timeoutMs, () => fail(`did not answer within ${timeoutMs / 1000} s`))
    signal.addEventListener('abort', stop)
    if (signal.aborted) return stop()
    work(controller.signal).then(
      (value) => end(() => resolve(value)),
      (error: unknown) => end(() => reject(error as Error)),
    )
  })
}

/**
 * The numeric addresses of a tracker's host that it may be reached at; connect to no other. IPv6 without brackets.
 * @throws TrackerError TRACKER_UNREACHABLE if the name has none, TRACKER_FORBIDDEN if all of them are refused
 */
export async function resolveTracker(
  resolver: Resolver,
  host: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  let addresses: readonly string[]
  try {
    addresses = await resolver.resolve(host, signal)
  } catch (cause) {
    throw new TrackerError('TRACKER_UNREACHABLE', `the tracker host ${host} has no address`, { cause })
  }
  const allowed = addresses.filter((address) => mayReach(host, address))
  if (allowed.length > 0) return allowed
  if (addresses.length === 0) {
    throw new TrackerError('TRACKER_UNREACHABLE', `the tracker host ${host} has no address`)
  }
  const message = `the tracker host ${host} leads to ${addresses.slice(0, 3).join(', ')}, which is not a public address`
  throw new TrackerError('TRACKER_FORBIDDEN', message)
}

/**
 * Announces over every address family a tracker has, side by side, since each shows the tracker another address of ours
 * and another part of the swarm (BEP 7). The first good answer waits `familyGraceMs` for the others, then stands alone;
 * peers are joined. Fails if all fail, with what a tracker said rather than with what the network said.
 */
export function announceOverAll(
  ways: readonly ((signal: AbortSignal) => Promise<AnnounceAnswer>)[],
  clock: Clock,
  signal: AbortSignal,
): Promise<AnnounceAnswer> {
  const [only] = ways
  if (only !== undefined && ways.length === 1) return only(signal)
  return new Promise((resolve, reject) => {
    const controller = new AbortController()
    const answers: AnnounceAnswer[] = []
    const errors: unknown[] = []
    let cancelGrace: (() => void) | undefined
    const finish = (): void => {
      cancelGrace?.()
      signal.removeEventListener('abort', finish)
      if (answers.length > 0) resolve(joinAnswers(answers))
      else reject((errors.find(isRefusal) ?? errors[0] ?? signal.reason) as Error)
      controller.abort()
    }
    const settled = (): void => {
      if (answers.length + errors.length === ways.length) finish()
      else if (answers.length === 1) cancelGrace ??= clock.after(familyGraceMs, finish)
    }
    const take = (answer: AnnounceAnswer): void => {
      answers.push(answer)
      settled()
    }
    const fail = (error: unknown): void => {
      errors.push(error)
      settled()
    }
    signal.addEventListener('abort', finish)
    for (const way of ways) way(controller.signal).then(take, fail)
  })
}

function isRefusal(error: unknown): boolean {
  return error instanceof TrackerError && error.code === 'TRACKER_FAILURE'
}

/** The first answer with what only others said, and the peers of all without repetition. */
export function joinAnswers(answers: readonly AnnounceAnswer[]): AnnounceAnswer {
  const peers = new Map(answers.flatMap((answer) => answer.peers).map((peer) => [formatEndpoint(peer), peer]))
  const joined: AnnounceAnswer = Object.assign({}, ...answers.toReversed())
  return { ...joined, peers: [...peers.values()].slice(0, maxPeersPerAnswer) }
}

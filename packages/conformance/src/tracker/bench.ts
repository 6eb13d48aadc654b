import type { AnnounceAnswer, AnnounceIdentity, AnnounceRequest, Endpoint, IpEndpoint } from '@bitloom/core'
import { StandingClock } from '../kit/clock.js'
import { broken, expectThat, show } from '../kit/expect.js'
import { seededRandom } from '../kit/random.js'
import type { Guarantee } from '../kit/runner.js'
import { rejection, turns, within } from '../kit/settle.js'
import type {
  ArrivedAnnounce,
  PlayedTracker,
  ServedTracker,
  TestedClient,
  TrackerBenchOptions,
  TrackerReply,
} from './played.js'

/** In every URL of the suite: it must not come out in an error. */
export const passkey = '5ecre7f00dcafe5ecre7f00dcafe1234'
export const never: AbortSignal = new AbortController().signal

/** An hour, by which every client has given up. */
const patienceSteps = 3_600

/** The answer that most tests get: two peers. */
export const goodReply: Extract<TrackerReply, { kind: 'answer' }> = {
  kind: 'answer',
  peers: [
    { kind: 'ip', host: '203.0.113.7', port: 6_881 },
    { kind: 'ip', host: '198.51.100.20', port: 65_535 },
  ],
  intervalMs: 1_800_000,
  seeders: 3,
  leechers: 14,
}

/** A promise of tracker clients, tried on a bench of its own. */
export interface TrackerGuarantee extends Omit<Guarantee, 'run'> {
  run(bench: TrackerBench): Promise<void>
}

/** One client and its trackers, which are gone after the test. */
export class TrackerBench {
  readonly clock = new StandingClock()
  readonly client: TestedClient
  readonly #options: TrackerBenchOptions
  readonly #served: ServedTracker[] = []
  #isClosed = false

  constructor(options: TrackerBenchOptions) {
    this.#options = options
    this.client = options.client(this.clock)
  }

  /** A tracker that notes what arrives. Its URL has a passkey. */
  async serve(
    play: Partial<PlayedTracker> = {},
  ): Promise<{ readonly url: string; readonly arrived: ArrivedAnnounce[] }> {
    const arrived: ArrivedAnnounce[] = []
    const { serve } = this.#options
    if (serve === undefined) return broken('the client of this suite has no server')
    const served = await serve({
      announce: (announce) => {
        arrived.push(announce)
        return play.announce?.(announce) ?? goodReply
      },
      scrape: (infoHashes) => play.scrape?.(infoHashes) ?? infoHashes.map(() => undefined),
    })
    this.#served.push(served)
    return { url: `${served.url}${served.url.includes('?') ? '&' : '?'}passkey=${passkey}`, arrived }
  }

  /** The URL that is a list of these peers. */
  urlOf(peers: readonly IpEndpoint[]): string {
    return this.#options.urlOf?.(peers) ?? broken('the URLs of this client are no lists of peers')
  }

  /** A URL where the client gets the good reply, or at least its peers. */
  async goodUrl(): Promise<string> {
    return this.#options.urlOf?.(goodReply.peers) ?? (await this.serve()).url
  }

  /** Ends the tracker at a URL: nobody answers there any longer. */
  async stop(url: string): Promise<void> {
    await this.#served.find((served) => url.startsWith(served.url))?.close()
  }

  call(
    url: string,
    changes: Partial<AnnounceRequest> = {},
    identity = identityOf(1),
    signal: AbortSignal = never,
  ): Promise<AnnounceAnswer> {
    return this.client.announce({ ...requestTo(url), ...changes }, identity, signal)
  }

  /** Announces; the clock stands still meanwhile. */
  announce(url: string, changes: Partial<AnnounceRequest> = {}, identity = identityOf(1)): Promise<AnnounceAnswer> {
    return within(this.call(url, changes, identity), 'announce')
  }

  /** What a call rejects with while time goes by; a TrackerError without the passkey. */
  async expectTrackerError(promise: Promise<unknown>, what: string, codes?: readonly string[]): Promise<Error> {
    const state = { hasSettled: false }
    const settle = (): void => void (state.hasSettled = true)
    promise.then(settle, settle)
    for (let step = 0; step < patienceSteps && !state.hasSettled; step++) {
      await turns(step < 50 ? 4 : 1)
      if (step >= 50 && !state.hasSettled) this.clock.move(1_000)
    }
    expectThat(state.hasSettled, `${what} had not settled after an hour of its clock`)
    const error = await rejection(() => promise, what)
    return expectTrackerError(error, what, codes)
  }

  /** Ends the client; further calls do nothing. */
  async closeClient(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.client.close?.()
  }

  async close(): Promise<void> {
    await this.closeClient()
    for (const served of this.#served) await served.close()
  }
}

/** A TrackerError with one of these codes, whose message can be shown to anybody. */
export function expectTrackerError(error: unknown, what: string, codes?: readonly string[]): Error {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'none'
  if (!(error instanceof Error) || !(codes?.includes(code) ?? code.startsWith('TRACKER_'))) {
    return broken(
      `${what}: expected a TrackerError (${codes?.join(' or ') ?? 'TRACKER_…'}), came ${show(error)}, code ${code}`,
    )
  }
  expectThat(!error.message.includes(passkey), `${what}: the message holds the passkey of the URL: ${error.message}`)
  return error
}

export function requestTo(url: string): AnnounceRequest {
  const counts = { uploaded: 11_000, downloaded: 22_000, left: 33_000 }
  return { url, event: undefined, port: 6_882, numWant: 50, ...counts, params: {}, headers: {} }
}

export function identityOf(seed: number): AnnounceIdentity {
  const random = seededRandom(`identity ${seed}`)
  return { infoHash: random.bytes(20), peerId: random.bytes(20), key: random.below(2 ** 32), private: false }
}

/** Peers as sorted texts, to compare. */
export function textsOf(peers: readonly Endpoint[]): string[] {
  return peers.map((peer) => (peer.kind === 'ip' ? `${peer.host}:${peer.port}` : peer.url)).sort()
}

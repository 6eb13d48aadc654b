import { type AnnounceAnswer, type Clock, TrackerError, withDeadline } from '@bitloom/core'
import { describe, expect, it } from 'vitest'
import { type PlayedTracker, type TestedClient, trackerConformance, type TrackerReply } from '../src/index.js'
import { expectCaught, expectSound } from './support/planted.js'

const trackers = new Map<string, PlayedTracker>()

/** A protocol without a network: the tracker is a function, found by its URL. */
async function serve(tracker: PlayedTracker) {
  const url = `played://tracker-${crypto.randomUUID()}/announce`
  trackers.set(url, tracker)
  return { url, close: () => void trackers.delete(url) }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** The tracker at a URL, after a turn. */
async function reach(url: string): Promise<PlayedTracker> {
  await turn()
  const tracker = trackers.get(url.split('?')[0] ?? '')
  if (tracker === undefined) throw new TrackerError('TRACKER_UNREACHABLE', 'no tracker is there')
  return tracker
}

function read(reply: TrackerReply): AnnounceAnswer {
  if (reply.kind === 'failure') {
    throw new TrackerError('TRACKER_FAILURE', `the tracker said: ${reply.reason.replace(/[0-9a-z]{32}/, '***')}`)
  }
  if (reply.kind !== 'answer') throw new TrackerError('TRACKER_INVALID', 'the answer cannot be read')
  const { kind: _, ...answer } = reply
  return answer
}

/** The reference that keeps every guarantee. */
function soundClient(clock: Clock): TestedClient {
  return {
    schemes: ['played'],
    announce: (request, identity, signal) =>
      withDeadline({ url: request.url, clock, timeoutMs: 30_000, signal }, async (inner) => {
        if (!request.url.startsWith('played:')) throw new TrackerError('TRACKER_UNSUPPORTED', 'another scheme')
        const tracker = await reach(request.url)
        inner.throwIfAborted()
        const reply = tracker.announce({ ...request, ...identity })
        return reply.kind === 'silence' ? new Promise<never>(() => {}) : read(reply)
      }),
    scrape: async (url, infoHashes) => {
      if (infoHashes.length === 0) return []
      return (await reach(url)).scrape(infoHashes).filter((answer) => answer !== undefined)
    },
  }
}

type Change = (sound: TestedClient, clock: Clock) => Partial<TestedClient>
type Announce = TestedClient['announce']

/** Answers what the sound one does, changed. */
const answering =
  (change: (answer: AnnounceAnswer) => AnnounceAnswer): Change =>
  ({ announce }) => ({ announce: async (...call) => change(await announce(...call)) })

/** Fails with what the sound one does, changed. */
const failing =
  (change: (error: Error, url: string) => Error): Change =>
  ({ announce }) => ({
    announce: (request, ...rest) =>
      announce(request, ...rest).catch((error: Error) => Promise.reject(change(error, request.url))),
  })

const asking =
  (change: (request: Parameters<Announce>[0]) => Partial<Parameters<Announce>[0]>): Change =>
  ({ announce }) => ({ announce: (request, ...rest) => announce({ ...request, ...change(request) }, ...rest) })

const faults: readonly (readonly [fault: string, change: Change, guarantee: string])[] = [
  [
    'writes its scheme with a colon',
    () => ({ schemes: ['played:'] }),
    'names its schemes, in lower case and without a colon',
  ],
  [
    'counts in 32 bits',
    asking(({ uploaded, left }) => ({ uploaded: uploaded % 2 ** 32, left: left % 2 ** 32 })),
    'an announce arrives as it was asked for, once',
  ],
  [
    'announces twice',
    ({ announce }) => ({ announce: async (...call) => (await announce(...call), announce(...call)) }),
    'an announce arrives as it was asked for, once',
  ],
  [
    'sends the hash as text',
    ({ announce }) => ({
      announce: (request, identity, signal) =>
        announce(
          request,
          {
            ...identity,
            infoHash: new TextEncoder().encode(new TextDecoder().decode(identity.infoHash)).subarray(0, 20),
          },
          signal,
        ),
    }),
    'every byte of hashes and peer ids arrives, whatever it is',
  ],
  [
    'never says that it stopped',
    asking(({ event }) => ({ event: event === 'stopped' ? undefined : event })),
    'each event arrives as that event',
  ],
  [
    'gives the interval in seconds',
    answering((answer) => ({ ...answer, intervalMs: (answer.intervalMs ?? 0) / 1_000 })),
    'answers with the peers, the interval in milliseconds, and the counts',
  ],
  [
    'drops the last peer',
    answering((answer) => ({ ...answer, peers: answer.peers.slice(0, -1) })),
    'answers with the peers, the interval in milliseconds, and the counts',
  ],
  [
    'reads 100 peers at most',
    answering((answer) => ({ ...answer, peers: answer.peers.slice(0, 100) })),
    'reads an answer without peers, and one with 200',
  ],
  [
    'answers all that is asked at once with the first answer',
    ({ announce }) => {
      let first: Promise<AnnounceAnswer> | undefined
      return { announce: (...call) => (first ??= announce(...call)) }
    },
    'announces of several torrents at once do not mix',
  ],
  [
    'says nothing of the reason',
    failing(() => new TrackerError('TRACKER_FAILURE', 'refused by the tracker')),
    'a refusal is a TRACKER_FAILURE with the reason of the tracker, without the passkey',
  ],
  [
    'names the whole URL in errors',
    failing((_, url) => new TrackerError('TRACKER_UNREACHABLE', `no answer from ${url}`)),
    'where no tracker is, it is TRACKER_UNREACHABLE, without the passkey',
  ],
  [
    'takes garbage for an empty answer',
    ({ announce }) => ({
      announce: (...call) =>
        announce(...call).catch((error: TrackerError) =>
          error.code === 'TRACKER_INVALID' ? { peers: [] } : Promise.reject(error),
        ),
    }),
    'garbage in place of an answer is a TrackerError',
  ],
  [
    'fails with any error',
    failing((error) => new Error(error.message)),
    'garbage in place of an answer is a TrackerError',
  ],
  [
    'waits for ever',
    (_, clock) => {
      const patient: Clock = { nowMs: () => 0, wallMs: () => clock.wallMs(), after: () => () => {} }
      return { announce: soundClient(patient).announce }
    },
    'silence ends by its clock as TRACKER_UNREACHABLE, without the passkey',
  ],
  [
    'does not listen to its signal',
    ({ announce }) => ({ announce: (request, identity) => announce(request, identity, new AbortController().signal) }),
    'an aborted signal rejects at once, before and while the tracker is asked',
  ],
  [
    'never asks again where it was refused',
    ({ announce }) => {
      const refused = new Map<string, unknown>()
      return {
        announce: async (request, ...rest) => {
          if (refused.has(request.url)) throw refused.get(request.url)
          return announce(request, ...rest).catch((error: unknown) => {
            refused.set(request.url, error)
            throw error
          })
        },
      }
    },
    'the next announce works after one that failed',
  ],
  [
    'throws at a foreign scheme, and does not reject',
    ({ announce }) => ({
      announce: (request, ...rest) => {
        if (!request.url.startsWith('played:')) throw new TypeError('not mine')
        return announce(request, ...rest)
      },
    }),
    'a URL of another scheme is a TrackerError',
  ],
  [
    'names the URL that it cannot read',
    ({ announce }) => ({
      announce: (request, ...rest) =>
        URL.canParse(request.url)
          ? announce(request, ...rest)
          : Promise.reject(new TrackerError('TRACKER_UNSUPPORTED', `${request.url} is no URL`)),
    }),
    'a URL that means nothing is a TrackerError, without the passkey',
  ],
  [
    'leaves its timers behind',
    ({ announce }, clock) => ({
      announce: (...call) => {
        clock.after(60_000, () => {})
        return announce(...call)
      },
    }),
    'nothing waits on the clock for a client that is closed',
  ],
  [
    'mixes up statistics',
    ({ scrape }) => ({
      scrape: async (url, infoHashes, signal) => {
        const answers = (await scrape?.(url, infoHashes, signal)) ?? []
        return answers.map((answer, index) => ({
          ...answer,
          infoHash: infoHashes[infoHashes.length - 1 - index] ?? answer.infoHash,
        }))
      },
    }),
    'scrape: the statistics of 74 torrents, each its own',
  ],
  [
    'answers for unknown torrents with those it knows',
    ({ scrape }) => ({
      scrape: async (url, infoHashes, signal) => {
        const [known] = (await scrape?.(url, infoHashes, signal)) ?? []
        return known === undefined ? [] : infoHashes.map((infoHash) => ({ ...known, infoHash }))
      },
    }),
    'scrape: torrents the tracker does not know are absent, or have nobody',
  ],
  [
    'finds nothing wrong where nobody is',
    () => ({ scrape: async () => [] }),
    'scrape: of nothing is nothing, and where no tracker is it is TRACKER_UNREACHABLE',
  ],
]

describe('trackerConformance', () => {
  it('passes a sound client', async () => {
    const { skipped } = await expectSound((runner) => trackerConformance(runner, { client: soundClient, serve }), 19)
    expect(skipped).toEqual([])
  })

  it.each(faults)('catches one that %s', (_, change, guarantee) =>
    expectCaught((runner) => {
      const client = (clock: Clock): TestedClient => {
        const sound = soundClient(clock)
        return { ...sound, ...change(sound, clock) }
      }
      trackerConformance(runner, { client, serve })
    }, guarantee),
  )

  it('shows as skipped what a client without scrape does not do', async () => {
    const client = (clock: Clock): TestedClient => {
      const { scrape: _, ...few } = soundClient(clock)
      return few
    }
    const options = { client, serve, scrapes: false }
    const { skipped } = await expectSound((runner) => trackerConformance(runner, options), 19)
    expect(skipped).toHaveLength(3)
  })
})

import { type Clock, type IpEndpoint, ipEndpoint, TrackerError } from '@bitloom/core'
import { describe, expect, it } from 'vitest'
import { type TestedClient, trackerConformance } from '../src/index.js'
import { expectCaught, expectSound } from './support/planted.js'

const urlOf = (peers: readonly IpEndpoint[]): string =>
  `list://${peers.map(({ host, port }) => `${host}:${port}`).join('/')}`

/** The reference that keeps every guarantee: its URL is the list of peers. */
const sound: TestedClient = {
  schemes: ['list'],
  async announce({ url, numWant }, _identity, signal) {
    signal.throwIfAborted()
    return { peers: textsOf(url).map(readPeer).slice(0, numWant), intervalMs: 60_000 }
  },
}

function textsOf(url: string): string[] {
  if (!url.startsWith('list://')) throw new TrackerError('TRACKER_UNSUPPORTED', 'another scheme')
  return url.slice('list://'.length).split('/')
}

function readPeer(text: string): IpEndpoint {
  const [host = '', port = ''] = text.split(':')
  const peer = ipEndpoint(host, Number(port))
  if (peer === undefined || port === '' || peer.port === 0) throw new TrackerError('TRACKER_INVALID', 'no address')
  return peer
}

type Announce = TestedClient['announce']

/** The sound one, with an announce of its own. */
const announcing = (make: (announce: Announce) => Announce) => (): TestedClient => ({
  ...sound,
  announce: make(sound.announce),
})

const forgetful = (peers: number): Announce => {
  return async (request, ...rest) => {
    const answer = await sound.announce(request, ...rest)
    return { ...answer, peers: answer.peers.slice(0, peers) }
  }
}

const faults: readonly (readonly [fault: string, client: (clock: Clock) => TestedClient, guarantee: string])[] = [
  [
    'writes its scheme with a colon',
    () => ({ ...sound, schemes: ['list:'] }),
    'names its schemes, in lower case and without a colon',
  ],
  ['reads 100 peers at most', announcing(() => forgetful(100)), 'answers with the peers of its URL: one, two or 200'],
  [
    'does not mind how many are wanted',
    announcing(
      (announce) =>
        (request, ...rest) =>
          announce({ ...request, numWant: 200 }, ...rest),
    ),
    'answers with no more peers than are wanted',
  ],
  [
    'gives the interval in seconds',
    announcing((announce) => async (...call) => ({ ...(await announce(...call)), intervalMs: 1_800 })),
    'says its interval in milliseconds, or does not say one',
  ],
  [
    'answers the first announce only',
    announcing((announce) => async (request, ...rest) => {
      const answer = await announce(request, ...rest)
      return request.event === 'started' ? answer : { ...answer, peers: [] }
    }),
    'answers each event, and all but "stopped" with the peers',
  ],
  [
    'fails when it is told that a torrent stopped',
    announcing((announce) => async (request, ...rest) => {
      if (request.event === 'stopped') throw new TrackerError('TRACKER_UNSUPPORTED', 'nobody to tell')
      return announce(request, ...rest)
    }),
    'answers each event, and all but "stopped" with the peers',
  ],
  [
    'answers all that is asked at once with the first answer',
    announcing((announce) => {
      let first: ReturnType<Announce> | undefined
      return (...call) => (first ??= announce(...call))
    }),
    'announces to several URLs at once do not mix',
  ],
  [
    'answers a torrent once',
    announcing((announce) => {
      const known = new Set<number>()
      return async (request, identity, signal) => {
        const answer = await announce(request, identity, signal)
        const isKnown = known.has(identity.key)
        known.add(identity.key)
        return isKnown ? { ...answer, peers: [] } : answer
      }
    }),
    'keeps nothing about torrents: another one gets the same answer',
  ],
  [
    'takes any number for a port',
    announcing(() => async ({ url }) => ({
      peers: textsOf(url).map((text) => {
        const [host = '', port] = text.split(':')
        return { kind: 'ip', host, port: Number(port) }
      }),
    })),
    'what is no address and port is refused as a TrackerError, or left out',
  ],
  [
    'refuses with any error',
    announcing(
      (announce) =>
        (...call) =>
          announce(...call).catch((error: Error) => Promise.reject(new Error(error.message))),
    ),
    'what is no address and port is refused as a TrackerError, or left out',
  ],
  [
    'takes every URL for its own',
    announcing((announce) => (request, ...rest) => {
      const own = request.url.startsWith('list:') ? request.url : urlOf([{ kind: 'ip', host: '203.0.113.1', port: 1 }])
      return announce({ ...request, url: own }, ...rest)
    }),
    'a URL of another scheme is a TrackerError',
  ],
  [
    'names what it cannot read',
    announcing(
      (announce) =>
        (request, ...rest) =>
          announce(request, ...rest).catch(() =>
            Promise.reject(new TrackerError('TRACKER_INVALID', `${request.url} is no list of peers`)),
          ),
    ),
    'a URL that means nothing is a TrackerError, without the passkey',
  ],
  [
    'names the part that it cannot read',
    announcing(
      (announce) =>
        (request, ...rest) =>
          announce(request, ...rest).catch(() =>
            Promise.reject(new TrackerError('TRACKER_INVALID', `${request.url.split('/').at(-1)} is no address`)),
          ),
    ),
    'a passkey behind its URL is ignored or refused, and not shown',
  ],
  [
    'never answers again once it has refused',
    announcing((announce) => {
      let refusal: unknown
      return async (...call) => {
        if (refusal !== undefined) throw refusal
        return announce(...call).catch((error: unknown) => {
          refusal = error
          throw error
        })
      }
    }),
    'the next announce works after one that was refused',
  ],
  [
    'leaves its timers behind',
    (clock) =>
      announcing((announce) => (...call) => {
        clock.after(60_000, () => {})
        return announce(...call)
      })(),
    'nothing waits on the clock for a client that is closed',
  ],
  [
    'does not listen to its signal',
    announcing((announce) => (request, identity) => announce(request, identity, new AbortController().signal)),
    'an aborted signal rejects at once, before and while the client looks for peers',
  ],
  [
    'waits for its clock, whatever its signal says',
    (clock) =>
      announcing((announce) => async (request, identity, signal) => {
        signal.throwIfAborted()
        await new Promise<void>((resolve) => void clock.after(1_000, resolve))
        return announce(request, identity, signal)
      })(),
    'an aborted signal rejects at once, before and while the client looks for peers',
  ],
]

describe('trackerConformance without a server', () => {
  it('passes a sound client, and shows as skipped what takes a server', async () => {
    const { passed, skipped } = await expectSound(
      (runner) => trackerConformance(runner, { client: () => sound, urlOf }),
      29,
    )
    expect(passed).toHaveLength(14)
    expect(skipped.every((name) => name.endsWith('(asks no server)'))).toBe(true)
  })

  it.each(faults)('catches one that %s', (_, client, guarantee) =>
    expectCaught((runner) => trackerConformance(runner, { client, urlOf }), guarantee),
  )
})

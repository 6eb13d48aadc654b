import type { AnnounceRequest } from '@bitloom/core'
import { actions } from '../src/protocol.js'
import { type UdpTracker, udpTracker } from '../src/udp-tracker.js'
import {
  type Answer,
  type Network,
  type VirtualClock,
  countingRandom,
  goodTracker,
  identity,
  network,
  request,
  resolverOf,
  virtualClock,
} from './fakes.js'

/** What the resolver knows. */
export const names = {
  'tracker.example.com': ['203.0.113.9'],
  'both.example.com': ['2001:db8::9', '203.0.113.9'],
  'six.example.com': ['2001:db8::9'],
  'private.example.com': ['127.0.0.1', '10.0.0.1', '::1'],
  localhost: ['127.0.0.1'],
}
/** The address of `request.url`. */
export const here = '203.0.113.9:6969'
export const peer = { kind: 'ip', host: '1.2.3.4', port: 5 }
export const forever = new AbortController().signal

/** A client on virtual time in a world of one test. */
export interface Setting {
  readonly clock: VirtualClock
  readonly world: Network
  readonly tracker: UdpTracker
  announce(changes?: Partial<AnnounceRequest>, signal?: AbortSignal): ReturnType<UdpTracker['announce']>
}

/** `answer` is what the trackers of this world say. */
export function setting(answer: Answer, timeoutMs = 4_000_000): Setting {
  const clock = virtualClock()
  const world = network(clock, answer)
  const ports = { datagram: world, resolver: resolverOf(names), clock, random: countingRandom() }
  const tracker = udpTracker(ports, { timeoutMs })
  const announce: Setting['announce'] = (changes = {}, signal = forever) => {
    const result = tracker.announce({ ...request, ...changes }, identity, signal)
    result.catch(() => {})
    return result
  }
  return { clock, world, tracker, announce }
}

/** Never answers. */
export const silent: Answer = () => []
/** Connects, and is silent else. */
export const deaf =
  (good = goodTracker()): Answer =>
  (sent) =>
    sent.action === actions.connect ? good(sent) : []
/** "0 connect" for each packet: when, and which action. */
export const log = (world: Network): string[] =>
  world.sent.map(({ atMs, action }) => `${atMs / 1000} ${Object.keys(actions)[action]}`)

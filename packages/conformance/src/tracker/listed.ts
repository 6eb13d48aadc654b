import type { AnnounceEvent, AnnounceRequest, IpEndpoint } from '@bitloom/core'
import { expectSame, expectThat } from '../kit/expect.js'
import { rejection, within } from '../kit/settle.js'
import {
  expectTrackerError,
  goodReply,
  identityOf,
  passkey,
  textsOf,
  type TrackerBench,
  type TrackerGuarantee,
} from './bench.js'

const peerAt = (host: string, port: number): IpEndpoint => ({ kind: 'ip', host, port })

const peers = Array.from({ length: 200 }, (_, index) => peerAt(`203.0.113.${index}`, 1_000 + index))

/** Less is an interval in seconds. */
const minIntervalMs = 10_000

/** What a client promises whose URL says where the peers are. */
export const listed: readonly TrackerGuarantee[] = [
  {
    name: 'answers with the peers of its URL: one, two or 200',
    async run(bench) {
      for (const some of [peers.slice(0, 1), goodReply.peers, peers]) {
        expectSame(await peersOf(bench, some, { numWant: 200 }), textsOf(some), `the answer of ${some.length} peers`)
      }
    },
  },
  {
    name: 'answers with no more peers than are wanted',
    async run(bench) {
      for (const numWant of [1, 2, 50]) {
        const came = await peersOf(bench, peers, { numWant })
        expectSame(came.length, numWant, `peers of 200 when ${numWant} are wanted`)
        const foreign = came.find((text) => !textsOf(peers).includes(text))
        expectThat(foreign === undefined, `${foreign} is no peer of the URL`)
      }
    },
  },
  {
    name: 'says its interval in milliseconds, or does not say one',
    async run(bench) {
      const { intervalMs } = await bench.announce(bench.urlOf(goodReply.peers))
      expectThat(intervalMs === undefined || intervalMs >= minIntervalMs, `the interval is ${intervalMs} ms`)
    },
  },
  {
    name: 'answers each event, and all but "stopped" with the peers',
    async run(bench) {
      const events: readonly (AnnounceEvent | undefined)[] = ['started', undefined, 'completed']
      for (const event of events) {
        expectSame(await peersOf(bench, goodReply.peers, { event }), textsOf(goodReply.peers), `answer to ${event}`)
      }
      await bench.announce(bench.urlOf(goodReply.peers), { event: 'stopped' })
    },
  },
  {
    name: 'announces to several URLs at once do not mix',
    async run(bench) {
      const some = peers.slice(0, 12)
      const answers = await Promise.all(some.map((peer) => peersOf(bench, [peer])))
      expectSame(
        answers,
        some.map((peer) => textsOf([peer])),
        'the answers of 12 announces at once',
      )
    },
  },
  {
    name: 'keeps nothing about torrents: another one gets the same answer',
    async run(bench) {
      const url = bench.urlOf(goodReply.peers)
      for (const seed of [1, 2, 1]) {
        const answer = await bench.announce(url, {}, identityOf(seed))
        expectSame(textsOf(answer.peers), textsOf(goodReply.peers), `the answer for torrent ${seed}`)
      }
    },
  },
  {
    name: 'what is no address and port is refused as a TrackerError, or left out',
    async run(bench) {
      for (const bad of [peerAt('203.0.113.7', 0), peerAt('203.0.113.7', 65_536), peerAt('203.0.113.999', 6_881)]) {
        await expectRefusedOrGood(bench, bench.urlOf([...goodReply.peers, bad]))
      }
    },
  },
  {
    name: 'a passkey behind its URL is ignored or refused, and not shown',
    async run(bench) {
      await expectRefusedOrGood(bench, `${bench.urlOf(goodReply.peers)}?passkey=${passkey}`)
    },
  },
  {
    name: 'the next announce works after one that was refused',
    async run(bench) {
      for (const scheme of bench.client.schemes) {
        await rejection(() => bench.call(`${scheme}://%%`), 'an announce to a URL that means nothing')
      }
      expectSame(await peersOf(bench, goodReply.peers), textsOf(goodReply.peers), 'the answer after a refused announce')
    },
  },
  {
    name: 'an aborted signal rejects at once, before and while the client looks for peers',
    async run(bench) {
      const url = bench.urlOf(goodReply.peers)
      const aborted = AbortSignal.abort(new Error('not wanted any longer'))
      await rejection(() => bench.call(url, {}, identityOf(1), aborted), 'an announce that was aborted before')
      const controller = new AbortController()
      const settled = bench.call(url, {}, identityOf(1), controller.signal).then(ignore, ignore)
      controller.abort(new Error('not wanted any longer'))
      await within(settled, 'an announce that was aborted, on a clock that stands still')
    },
  },
]

/** A TrackerError without the passkey, or the good peers and no others. */
async function expectRefusedOrGood(bench: TrackerBench, url: string): Promise<void> {
  const outcome = await bench.call(url).catch((error: unknown) => ({ error }))
  if ('error' in outcome) expectTrackerError(outcome.error, `an announce to ${url}`)
  else expectSame(textsOf(outcome.peers), textsOf(goodReply.peers), `the answer to ${url}`)
}

const ignore = (): void => {}

/** The peers that come for the URL of some. */
async function peersOf(
  bench: TrackerBench,
  some: readonly IpEndpoint[],
  changes: Partial<AnnounceRequest> = {},
): Promise<string[]> {
  return textsOf((await bench.announce(bench.urlOf(some), changes)).peers)
}

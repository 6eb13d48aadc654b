import type { AnnounceAnswer, AnnounceEvent } from '@bitloom/core'
import { broken, expectBytes, expectSame, expectThat, show } from '../kit/expect.js'
import { seededRandom } from '../kit/random.js'
import { rejection, turns } from '../kit/settle.js'
import { goodReply, identityOf, passkey, textsOf, type TrackerGuarantee } from './bench.js'

/** The parts of an answer that every protocol has. */
function expectAnswer(answer: AnnounceAnswer, expected: typeof goodReply, what: string): void {
  expectSame(textsOf(answer.peers), textsOf(expected.peers), `peers of ${what}`)
  expectSame(answer.intervalMs, expected.intervalMs, `intervalMs of ${what}`)
  for (const key of ['seeders', 'leechers'] as const) expectSame(answer[key], expected[key], `${key} of ${what}`)
}

/** What a client promises that asks a server, when it answers. */
export const announces: readonly TrackerGuarantee[] = [
  {
    name: 'an announce arrives as it was asked for, once',
    async run(bench) {
      const { url, arrived } = await bench.serve()
      const identity = identityOf(1)
      await bench.announce(url, { uploaded: 6_000_000_000_000, downloaded: 0, left: 4_294_967_296 }, identity)
      const [announce, ...more] = arrived
      if (announce === undefined) return broken('no announce arrived')
      expectSame(more.length, 0, 'further announces that arrived')
      expectBytes(announce.infoHash, identity.infoHash, 'the info-hash that arrived')
      expectBytes(announce.peerId, identity.peerId, 'the peer id that arrived')
      const { port, uploaded, downloaded, left, event, numWant } = announce
      const expected = {
        port: 6_882,
        uploaded: 6_000_000_000_000,
        downloaded: 0,
        left: 4_294_967_296,
        event: undefined,
      }
      expectSame({ port, uploaded, downloaded, left, event }, expected, 'what arrived')
      expectSame(numWant ?? 50, 50, 'how many peers were asked for')
    },
  },
  {
    name: 'every byte of hashes and peer ids arrives, whatever it is',
    async run(bench) {
      const { url, arrived } = await bench.serve()
      for (let first = 0; first < 256; first += 20) {
        const bytes = Uint8Array.from({ length: 20 }, (_, index) => first + index)
        await bench.announce(url, {}, { ...identityOf(1), infoHash: bytes, peerId: bytes.toReversed() })
        expectBytes(arrived.at(-1)?.infoHash ?? new Uint8Array(), bytes, `an info-hash of bytes from ${first}`)
        expectBytes(arrived.at(-1)?.peerId ?? new Uint8Array(), bytes.toReversed(), `a peer id of bytes to ${first}`)
      }
    },
  },
  {
    name: 'each event arrives as that event',
    async run(bench) {
      const { url, arrived } = await bench.serve()
      const events: readonly (AnnounceEvent | undefined)[] = ['started', undefined, 'completed', 'stopped']
      for (const event of events) await bench.announce(url, { event })
      expectSame(
        arrived.map(({ event }) => event),
        events,
        'events that arrived',
      )
    },
  },
  {
    name: 'answers with the peers, the interval in milliseconds, and the counts',
    async run(bench) {
      const { url } = await bench.serve()
      expectAnswer(await bench.announce(url), goodReply, 'an answer')
    },
  },
  {
    name: 'reads an answer without peers, and one with 200',
    async run(bench) {
      const peers = Array.from({ length: 200 }, (_, index) => ({
        kind: 'ip' as const,
        host: `203.0.113.${index}`,
        port: 1_000 + index,
      }))
      for (const expected of [
        { ...goodReply, peers: [] },
        { ...goodReply, peers },
      ]) {
        const { url } = await bench.serve({ announce: () => expected })
        expectAnswer(await bench.announce(url), expected, `an answer with ${expected.peers.length} peers`)
      }
    },
  },
  {
    name: 'announces of several torrents at once do not mix',
    async run(bench) {
      const peerOf = (infoHash: Uint8Array) => ({
        kind: 'ip' as const,
        host: `203.0.113.${infoHash[3] ?? 0}`,
        port: 1 + (infoHash[4] ?? 0),
      })
      const replyTo = (infoHash: Uint8Array) => ({ ...goodReply, peers: [peerOf(infoHash)] })
      const { url } = await bench.serve({ announce: ({ infoHash }) => replyTo(infoHash) })
      const identities = Array.from({ length: 12 }, (_, seed) => identityOf(seed))
      const answers = await Promise.all(identities.map((identity) => bench.announce(url, {}, identity)))
      for (const [index, identity] of identities.entries()) {
        const answer = answers[index] ?? broken('an answer is missing')
        expectAnswer(answer, replyTo(identity.infoHash), `the answer for torrent ${index} of 12 at once`)
      }
    },
  },
]

/** And when it does not, or not well. */
export const failures: readonly TrackerGuarantee[] = [
  {
    name: 'a refusal is a TRACKER_FAILURE with the reason of the tracker, without the passkey',
    async run(bench) {
      const { url } = await bench.serve({
        announce: () => ({ kind: 'failure', reason: `torrent not registered for ${passkey}` }),
      })
      const error = await bench.expectTrackerError(bench.call(url), 'an announce that is refused', ['TRACKER_FAILURE'])
      expectThat(error.message.includes('torrent not registered'), `the message lacks the reason: ${error.message}`)
    },
  },
  {
    name: 'garbage in place of an answer is a TrackerError',
    async run(bench) {
      const random = seededRandom('garbage')
      for (const bytes of [
        new Uint8Array(0),
        new Uint8Array(40),
        random.bytes(7),
        random.bytes(200),
        new Uint8Array(300).fill(0x6c),
      ]) {
        const { url } = await bench.serve({ announce: () => ({ kind: 'garbage', bytes }) })
        await bench.expectTrackerError(bench.call(url), `an announce answered with ${show(bytes)}`)
      }
    },
  },
  {
    name: 'silence ends by its clock as TRACKER_UNREACHABLE, without the passkey',
    async run(bench) {
      const { url } = await bench.serve({ announce: () => ({ kind: 'silence' }) })
      await bench.expectTrackerError(bench.call(url), 'an announce that nobody answers', ['TRACKER_UNREACHABLE'])
    },
  },
  {
    name: 'where no tracker is, it is TRACKER_UNREACHABLE, without the passkey',
    async run(bench) {
      const { url } = await bench.serve()
      await bench.stop(url)
      await bench.expectTrackerError(bench.call(url), 'an announce to where nobody listens', ['TRACKER_UNREACHABLE'])
    },
  },
  {
    name: 'an aborted signal rejects at once, before and while the tracker is asked',
    async run(bench) {
      const { url, arrived } = await bench.serve({ announce: () => ({ kind: 'silence' }) })
      const aborted = AbortSignal.abort(new Error('not wanted any longer'))
      await rejection(() => bench.call(url, {}, identityOf(1), aborted), 'an announce that was aborted before')
      await turns(20)
      expectSame(arrived.length, 0, 'announces that arrived though they were aborted before')
      const controller = new AbortController()
      const announce = bench.call(url, {}, identityOf(1), controller.signal)
      announce.catch(() => {})
      await turns(20)
      controller.abort(new Error('not wanted any longer'))
      const error = await rejection(() => announce, 'an announce that was aborted, on a clock that stands still')
      const message = error instanceof Error ? error.message : ''
      expectThat(!message.includes(passkey), `the message holds the passkey of the URL: ${message}`)
    },
  },
  {
    name: 'the next announce works after one that failed',
    async run(bench) {
      let isBad = true
      const { url } = await bench.serve({ announce: () => (isBad ? { kind: 'failure', reason: 'busy' } : goodReply) })
      await bench.expectTrackerError(bench.call(url), 'an announce that is refused')
      isBad = false
      expectAnswer(await bench.announce(url), goodReply, 'the announce after a refused one')
    },
  },
]

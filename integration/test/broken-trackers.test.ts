import {
  type AnnounceOutcome,
  Clock,
  createSession,
  Datagram,
  Hasher,
  type Plugin,
  pluginContract,
  Random,
  Resolver,
  TrackerError,
  Transport,
} from '@bitloom/core'
import { systemDatagram, systemHasher, systemRandom, systemResolver, tcpTransport } from '@bitloom/core/node'
import { piecePicker } from '@bitloom/piece-picker'
import { storageFs } from '@bitloom/storage-fs'
import { trackerHttp } from '@bitloom/tracker-http'
import { trackerUdp } from '@bitloom/tracker-udp'
import { expect, it } from 'vitest'
import { VirtualClock } from '../../packages/core/test/support/virtual-clock.js'
import { brokenHttpTracker, brokenUdpTracker, type Trouble } from '../src/broken-tracker.js'
import { addressOf, inLab, makeSeeded, until } from '../src/lab.js'
import { differences } from '../src/payload.js'

/** A failure that only time tells. */
const silence = 'silence'

/** This machine, but its time moves only when told. */
function machineAt(clock: VirtualClock): Plugin {
  const hasher = systemHasher({ workers: 0 })
  return {
    name: 'machine',
    contract: pluginContract,
    bind: (bindings) => {
      bindings.value(Clock, clock)
      bindings.value(Random, systemRandom())
      bindings.value(Hasher, hasher)
      bindings.value(Transport, tcpTransport())
      bindings.value(Datagram, systemDatagram())
      bindings.value(Resolver, systemResolver())
    },
    apply: (host) => host.defer(() => hasher.close()),
  }
}

/** What a tracker goes through, and the code of the error that tells it. What UDP cannot take for an answer is silence. */
const troubles: Readonly<Record<Exclude<Trouble, 'answers'>, { readonly http: string; readonly udp: string }>> = {
  refuses: { http: 'TRACKER_UNREACHABLE', udp: silence },
  'says 500': { http: 'TRACKER_INVALID', udp: 'TRACKER_FAILURE' },
  hangs: { http: silence, udp: silence },
  'answers HTML': { http: 'TRACKER_INVALID', udp: silence },
  'answers garbage': { http: 'TRACKER_INVALID', udp: silence },
}

it.for([
  ['http', brokenHttpTracker],
  ['udp', brokenUdpTracker],
] as const)(
  'a tracker by %s is in all kinds of trouble, then answers: each is told once, the waits double, and the download completes',
  inLab(async (lab, [scheme, open]) => {
    const { made, seeder } = await makeSeeded(lab, { 'a.bin': 300_000 })
    const tracker = await open(addressOf(seeder))
    lab.defer(() => tracker.close())
    const clock = new VirtualClock()
    const plugins = [machineAt(clock), storageFs(), piecePicker(), trackerHttp(), trackerUdp()]
    const session = await createSession({ plugins, listen: false })
    lab.defer(() => session.close())
    const outcomes: AnnounceOutcome[] = []
    let launched = 0
    session.hooks.announced.tap((outcome) => void outcomes.push(outcome))
    session.hooks.announce.tap(() => void launched++)
    const options = { torrent: made.torrent, directory: lab.path('downloads'), trackers: [[tracker.url]] }
    const { view, ready, completed } = await session.add(options)
    await ready

    const waitsMs: number[] = []
    let overAtMs = clock.nowMs()
    const announce = async (trouble: Trouble, isSilent: boolean): Promise<void> => {
      await tracker.be(trouble)
      const [before, { asked }] = [outcomes.length, tracker]
      await clock.runUntil(() => launched > before, 3_600_000)
      waitsMs.push(clock.nowMs() - overAtMs)
      if (trouble !== 'refuses') await until('it was asked', () => tracker.asked > asked)
      if (isSilent) await clock.runUntil(() => outcomes.length > before, 30_000)
      else await until('it has answered', () => outcomes.length > before)
      overAtMs = clock.nowMs()
    }
    for (const [trouble, code] of Object.entries(troubles)) await announce(trouble as Trouble, code[scheme] === silence)
    await announce('answers', false)
    const arrive = async (): Promise<void> => {
      while (view.state !== 'seeding') await clock.advance(20)
    }
    await Promise.all([arrive(), completed])

    const codes = Object.values(troubles).map((code) =>
      code[scheme] === silence ? 'TRACKER_UNREACHABLE' : code[scheme],
    )
    const errors = outcomes.flatMap(({ error }) => (error === undefined ? [] : [error]))
    expect(errors.map((error) => (error instanceof TrackerError ? error.code : error))).toEqual(codes)
    for (const [failures, waitMs] of waitsMs.slice(1).entries()) {
      const fullMs = 30_000 * 2 ** failures
      expect({ failures, isBackOff: waitMs >= fullMs / 2 && waitMs <= fullMs }).toEqual({ failures, isBackOff: true })
    }
    expect(await differences(made.path, lab.path('downloads', 'album'))).toEqual([])
    const waits = waitsMs.slice(1).map((waitMs) => Math.round(waitMs / 1_000))
    console.log(`limits: a ${scheme} tracker in trouble: asked again after ${waits.join(', ')} s, then complete`)
  }),
)

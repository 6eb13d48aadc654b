import {
  Choker,
  PeerExtension,
  PiecePicker,
  type Plugin,
  pluginContract,
  seededRandom,
  type TraceRecord,
} from '@bitloom/core'
import { describe, expect, it } from 'vitest'
import { simulate, type SimulatedNode, Simulation } from '../src/index.js'
import { checkSeeds } from '../src/seeds.js'
import { KiB, MiB, smallSwarm } from './swarms.js'

const here = { project: 'simulator', file: 'hot-swap.sim' }
const lengthBytes = 8 * MiB

/** A picker, a choker, an extension and taps, all of which can be taken out again. */
function guest(): Plugin {
  return {
    name: 'guest',
    contract: pluginContract,
    bind(bindings) {
      bindings.value(PiecePicker, {
        name: 'last-first',
        onlyByName: true,
        create: (torrent) => ({
          pick(_peer, picks) {
            picks.takePartials()
            for (let piece = torrent.pieceCount - 1; piece >= 0 && picks.left > 0; piece--) picks.take(piece, 'last')
          },
        }),
      })
      bindings.value(Choker, {
        name: 'everyone',
        onlyByName: true,
        create: () => (round) => round.candidates.map(({ peer }) => ({ peer, reason: 'everyone' })),
      })
      bindings.value(PeerExtension, { name: 'bl_guest', onPrivate: true, open: () => ({}) })
    },
    apply(host) {
      host.hooks.chokeDecision.tap((list) => list.toReversed())
      host.hooks.pickPiece.tap((_peer, picks) => {
        picks.take(11, 'the eleventh first')
        return undefined
      })
    },
  }
}

/** Changes something of one node while its torrent runs. */
function swaps(node: SimulatedNode, random: ReturnType<typeof seededRandom>): () => Promise<void> | void {
  const { control } = node.torrent
  const has = (): boolean => node.session.describe().plugins.some(({ name }) => name === 'guest')
  const acts = [
    () => control.use({ picker: has() ? 'last-first' : 'sequential', choker: 'tit-for-tat' }),
    () => control.use({ picker: 'rarest-first', ...(has() ? { choker: 'everyone' } : {}) }),
    () => control.limit({ downBytesPerSecond: (256 + random.below(512)) * KiB, uploadSlots: 1 + random.below(5) }),
    () => control.limit({ downBytesPerSecond: undefined, upBytesPerSecond: 512 * KiB, uploadSlots: undefined }),
    () => (has() ? node.session.remove('guest') : node.session.use(guest())),
  ]
  return () => acts[random.below(acts.length)]?.()
}

/** A seed and eight peers, of which everyone is changed again and again. */
async function run(seed: string) {
  const simulation = new Simulation({ seed, torrent: { lengthBytes, pieceBytes: 128 * KiB } })
  const random = seededRandom(`swaps/${seed}`)
  const records: TraceRecord[] = []
  const onTrace = (record: TraceRecord): void => void records.push(record)
  const upBytesPerSecond = MiB
  const nodes = [await simulation.start({ name: 'seed', line: { upBytesPerSecond }, has: 'all', onTrace })]
  for (let at = 1; at <= 8; at++) {
    const line = { upBytesPerSecond: MiB / 2, downBytesPerSecond: 2 * MiB }
    nodes.push(await simulation.start({ name: `peer-${at}`, line, plugins: [guest()], onTrace }))
  }
  const isWhole = (): boolean => nodes.every(({ torrent }) => torrent.view.state === 'seeding')
  const changes = nodes.map((node) => swaps(node, random))
  for (let step = 0; step < 200 && !isWhole(); step++) {
    const untilMs = simulation.clock.elapsedMs + 100 + random.below(400)
    await simulation.run(isWhole, untilMs)
    await changes[random.below(changes.length)]?.()
  }
  for (const { torrent } of nodes) torrent.control.limit({ downBytesPerSecond: undefined, upBytesPerSecond: undefined })
  const finished = await simulation.run(isWhole, 1_800_000)
  return { simulation, nodes, records, finished }
}

/** Who lost a peer while it still downloaded: two that have everything may part. */
function leftEarly(records: readonly TraceRecord[]): readonly TraceRecord[] {
  const whole = new Set<string | undefined>()
  return records.filter((record) => {
    if (record.event === 'state' && record.state === 'seeding') whole.add(record.session)
    return record.event === 'leave' && !whole.has(record.session)
  })
}

describe('strategies, limits and plugins swapped in a running swarm', () => {
  it('lose no block and no peer', async () => {
    await checkSeeds(here, ['1', '2'], async (seed) => {
      const { simulation, nodes, records, finished } = await run(seed)
      expect(finished).toBe(true)
      expect(simulation.faults).toEqual([])
      for (const { torrent } of nodes.slice(1)) {
        const { receivedBytes, wastedBytes } = torrent.view.stats
        expect(receivedBytes - wastedBytes).toBe(lengthBytes)
      }
      expect(leftEarly(records)).toEqual([])
      const swapped = new Set(records.filter((record) => record.event === 'strategy').map(({ reason }) => reason))
      expect([...swapped]).toEqual(expect.arrayContaining(['command', 'plugins changed']))
    })
  })
})

describe('a trace of a swarm', () => {
  it('says whose every record is, and changes nothing', async () => {
    const records: TraceRecord[] = []
    const traced = await simulate(smallSwarm({ onTrace: (record) => void records.push(record) }))
    const plain = await simulate(smallSwarm())
    expect(traced.traceHash).toBe(plain.traceHash)
    expect(new Set(records.map(({ session }) => session))).toEqual(new Set(traced.peers.map(({ name }) => name)))
    const verified = records.filter(({ event }) => event === 'piece-verified')
    expect(verified).toHaveLength((6 * 4 * MiB) / (128 * KiB))
  })
})

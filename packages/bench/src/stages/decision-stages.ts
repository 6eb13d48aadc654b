import { Bits, createLayout, type PeerView, type PickView, type ReadyTorrent, seededRandom } from '@bitloom/core'
import type { Peer } from '../../../core/src/peer/peer.js'
import type { Internals } from './internals.js'
import { endpointOf, fault, hello, quietClock, quietLog, quietWire } from './quiet.js'
import type { Stage } from './stage.js'

const pieceBytes = 262_144
const pieceCount = 2_048

/** A torrent with its decisions as the driver puts them together, and peers that want something. */
function openDecisions(internals: Internals, peerCount: number, isTraced: boolean) {
  const layout = createLayout([{ lengthBytes: pieceCount * pieceBytes, offsetBytes: 0, padding: false }], pieceBytes)
  const events = {
    peerChanged() {},
    peerHas() {},
    peerAsks() {},
    mayServe: () => false,
    maySpare: () => false,
    pieceLength: () => pieceBytes,
    peerRejects() {},
    place: () => undefined,
    unplaced() {},
    received() {},
    wasted() {},
    extended() {},
    other() {},
  }
  const peers = Array.from({ length: peerCount }, (_, index) => {
    const peer = new internals.Peer(index, quietWire({}), hello, endpointOf(index), events, 0)
    peer.setPieceCount(pieceCount)
    peer.haves = Bits.full(pieceCount)
    peer.isChoking = false
    peer.isInterested = true
    peer.downRate = (index * 7919) % 1_000
    return peer
  })
  const ledger = new internals.Ledger({
    layout,
    have: new Bits(pieceCount),
    priorities: new Uint8Array(pieceCount).fill(4),
    extentBytes: pieceBytes,
    budget: new internals.SharedBudget(Infinity),
    memory: internals.memoryPool(),
    nextJobId: () => 1,
    dropHash() {},
    cancelled() {},
    idleAskers: () => 0,
  })
  const content: PickView = {
    ...layout,
    availability: () => peerCount,
    priority: (piece) => ledger.priority(piece),
    nextWanted: (from) => ledger.wanted.nextSet(from),
  }
  const view = { id: 't1', name: 'bench', choker: 'tit-for-tat', content, peers } as unknown as ReadyTorrent
  const heard = { records: 0 }
  const tracer = new internals.Tracer(quietLog)
  if (isTraced) tracer.add(() => void (heard.records += 1))
  const decisions = new internals.TorrentDecisions({
    hooks: internals.createHooks({ clock: quietClock, log: quietLog }).runner,
    services: { get: fault, all: () => [], named: () => undefined, ownerOf: () => 'bench' },
    view: () => view,
    random: seededRandom('bench'),
    trace: new internals.TorrentTracer({ tracer, turns: { nowMs: 0 }, view: () => view }),
    failed: fault,
  })
  decisions.usePicker({ name: 'first', create: () => ({ pick: (_, picks) => void picks.take(7, 'next') }) }, content)
  decisions.useChoker(internals.titForTat)
  const checkTrace = (): void => {
    if (isTraced !== heard.records > 0) throw new Error('the trace was not what this stage says it is')
  }
  return { decisions, ledger, peers, checkTrace }
}

function chokeRounds(peerCount: number, isTraced: boolean): Stage {
  return {
    name: `choke round, ${peerCount.toLocaleString('en')} peers${isTraced ? ', traced' : ''}`,
    unit: 'µs',
    per: 'round',
    reference: 'loop',
    start: ({ internals }) => {
      const { decisions, peers, checkTrace } = openDecisions(internals, peerCount, isTraced)
      let nowMs = 0
      const rounds = 10
      const effects = { flush() {} }
      return {
        units: rounds,
        run: () => {
          for (let round = 0; round < rounds; round += 1) {
            nowMs += 10_000
            internals.chokeRound({ peers, slots: 5, seeding: false, uploadLimit: undefined, nowMs }, decisions, effects)
          }
        },
        close: checkTrace,
      }
    },
  }
}

/** Refills of 16 blocks of one piece, which a picker names at once: what the engine and its trace add to a picker. */
function refill(isTraced: boolean): Stage {
  return {
    name: `refill of 16 blocks${isTraced ? ', traced' : ''}`,
    unit: 'ns',
    per: 'refill',
    reference: 'loop',
    start: ({ internals }) => {
      const { decisions, ledger, peers, checkTrace } = openDecisions(internals, 1, isTraced)
      const refills = 100
      const [peer] = peers as [Peer]
      return {
        units: refills,
        run: () => {
          for (let count = 0; count < refills; count += 1) {
            decisions.pick(peer, ledger.begin(peer, 16, 0, decisions.takes))
            ledger.end()
            while (peer.asked.shift((piece, block) => ledger.release(piece, block))) continue
          }
        },
        close: checkTrace,
      }
    },
  }
}

type Tapped = 'peerHas' | 'storeBlock'

/** One call of a hook with so many taps: of `peerHas`, which watches, or of `storeBlock`, whose taps may object. */
function hook(name: Tapped, taps: number): Stage {
  return {
    name: `hook ${name}, ${taps} taps`,
    unit: 'ns',
    per: 'call',
    reference: 'loop',
    start: ({ internals }) => {
      const registry = internals.createHooks({ clock: quietClock, log: quietLog })
      let called = 0
      for (let tap = 0; tap < taps; tap += 1) {
        const { hooks } = registry.open(`plugin-${tap}`)
        hooks[name].tap(() => void (called += 1))
      }
      const calls = Math.ceil(20_000 / (taps + 1))
      return {
        units: calls,
        run: () => {
          called = 0
          callHook(registry.runner, name, calls)
          if (called !== taps * calls) throw new Error(`${called} calls of ${taps * calls}`)
        },
      }
    },
  }
}

/** As the engine does it: with a look whether anybody tapped first. */
function callHook(runner: ReturnType<Internals['createHooks']>['runner'], name: Tapped, calls: number): void {
  const [peer, torrent, bytes] = [{} as PeerView, {} as ReadyTorrent, new Uint8Array(0)]
  for (let call = 0; call < calls; call += 1) {
    if (name === 'peerHas') {
      if (runner.peerHasTapped) runner.peerHas(peer, call, torrent)
    } else if (runner.storeBlockTapped) {
      runner.storeBlock(call, 0, bytes, peer, torrent)
    }
  }
}

export const decisionStages: readonly Stage[] = [
  chokeRounds(1_000, false),
  chokeRounds(50, false),
  chokeRounds(50, true),
  refill(false),
  refill(true),
  ...(['peerHas', 'storeBlock'] as const).flatMap((name) => [0, 10, 100].map((taps) => hook(name, taps))),
]

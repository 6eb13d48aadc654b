// `npm run bench:trace`: what tracing costs per pick and per choke round, off and on, with the real ledger, decisions,
// hooks and choker of the built core. A pick is one refill of one peer: 16 blocks of a piece, found by a picker.
import { join } from 'node:path'
import { Bench } from 'tinybench'
import { root } from './setup.mjs'

const dist = join(root, 'packages', 'core', 'dist')
const load = (file) => import(join(dist, file))
const [
  { Bits, createLayout },
  { Ledger },
  { Peer },
  { chokeRound },
  { titForTat },
  { TorrentDecisions },
  { Tracer },
  { TorrentTracer },
] = await Promise.all(
  [
    'index.js',
    'torrent/ledger.js',
    'peer/peer.js',
    'torrent/choke-round.js',
    'torrent/tit-for-tat.js',
    'driver/decisions.js',
    'driver/tracer.js',
    'driver/torrent-tracer.js',
  ].map(load),
)
const { createHooks } = await load('hooks/registry.js')
const { seededRandom } = await load('bytes/seeded-random.js')

const pieceBytes = 262_144
const pieceCount = 2_048
const quiet = () => {}
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet }
const clock = { nowMs: () => 0, after: () => quiet }

/** One torrent, its decisions and 50 peers, as the driver puts them together. */
function scene(isTraced) {
  const layout = createLayout([{ lengthBytes: pieceCount * pieceBytes, offsetBytes: 0, padding: false }], pieceBytes)
  const ledger = new Ledger({
    layout,
    have: new Bits(pieceCount),
    priorities: new Uint8Array(pieceCount).fill(4),
    extentBytes: pieceBytes,
    budget: { tryTake: () => true, give: quiet },
    memory: { take: (length) => new Uint8Array(length), give: quiet },
    nextJobId: () => 1,
    dropHash: quiet,
    cancelled: quiet,
  })
  const out = new Proxy({}, { get: () => quiet })
  const hello = { peerId: new Uint8Array(20), supportsFast: true, supportsExtensions: false, outgoing: true }
  const events = new Proxy({}, { get: () => quiet })
  const peers = Array.from({ length: 50 }, (_, index) => {
    const peer = new Peer(index, out, hello, { kind: 'ip', host: `10.0.0.${index}`, port: 6881 }, events, 0)
    peer.setPieceCount(pieceCount)
    peer.haves = Bits.full(pieceCount)
    peer.isChoking = false
    peer.isInterested = true
    peer.downRate = (index * 7919) % 1000
    return peer
  })
  const content = {
    availability: () => peers.length,
    priority: (piece) => ledger.priority(piece),
    pieceLengthBytes: pieceBytes,
  }
  const view = { id: 't1', name: 'bench', choker: 'tit-for-tat', content, peers }
  const tracer = new Tracer(log)
  const heard = { records: 0 }
  if (isTraced) tracer.add(() => heard.records++)
  const decisions = new TorrentDecisions({
    hooks: createHooks({ clock, log }).runner,
    view: () => view,
    random: seededRandom('bench'),
    trace: new TorrentTracer({ tracer, turns: { nowMs: 0 }, view: () => view }),
    failed: (error) => {
      throw error
    },
  })
  decisions.usePicker(
    { name: 'first', create: () => ({ pick: (_peer, picks) => void picks.take(7, 'next') }) },
    content,
  )
  decisions.useChoker(titForTat)
  return { ledger, peers, decisions, heard }
}

/** One refill, and its blocks given up again, so that the next run finds the same. */
function pick({ ledger, peers: [peer], decisions }) {
  const picks = ledger.begin(peer, 16, 0, decisions.takes)
  decisions.pick(peer, picks)
  ledger.end()
  while (peer.asked.shift((piece, block) => ledger.release(piece, block))) continue
}

const effects = { flush: quiet }
let nowMs = 0
function choke({ peers, decisions }) {
  nowMs += 10_000
  chokeRound({ peers, slots: 5, seeding: false, uploadLimit: undefined, nowMs }, decisions, effects)
}

const bench = new Bench({ time: 1_500, warmupTime: 500 })
const [off, on] = [scene(false), scene(true)]
bench.add('pick, trace off', () => pick(off))
bench.add('pick, trace on', () => pick(on))
bench.add('choke round of 50 peers, trace off', () => choke(off))
bench.add('choke round of 50 peers, trace on', () => choke(on))
await bench.run()
for (const { name, result } of bench.tasks) {
  const ns = (ms) => Math.round(ms * 1e6)
  const { p50, rme } = result.latency
  console.log(
    `${name.padEnd(36)} ${String(ns(result.latency.mean)).padStart(8)} ns (median ${ns(p50)}, ± ${rme.toFixed(1)} %)`,
  )
}
if (on.heard.records === 0 || off.heard.records > 0) throw new Error('the trace was not what this bench says it is')

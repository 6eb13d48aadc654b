/**
 * `npm run simulate:large -- PEERS MEBIBYTES SEED STRETCH_MS GATHER_MS CONNECTIONS`: one swarm, its figures as they come, and
 * what it cost. Needs a build. Blocks of one uplink travel together as far as they pass within STRETCH_MS (0 = one by one),
 * and what reaches a peer is delivered every GATHER_MS (0 = each at its own time). A peer has CONNECTIONS at the most.
 */
import { simulate } from '../packages/simulator/dist/index.js'

const [peers = '1000', mebibytes = '100', seed = '1', stretchMs = '64', gatherMs = '64', connections = '20'] =
  process.argv.slice(2)
const MiB = 1_048_576
const count = Number(peers)
const seeds = Math.ceil(count / 100)
const before = process.cpuUsage()
const startMs = performance.now()
const maxPeers = Number(connections)
let mostMemory = 0

function cost() {
  const { user, system } = process.cpuUsage(before)
  mostMemory = Math.max(mostMemory, process.memoryUsage.rss())
  const seconds = (ms) => (ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)
  const clock = seconds(performance.now() - startMs)
  return `${clock} s of the clock, ${seconds((user + system) / 1_000)} s of processor time, at most ${(mostMemory / MiB).toFixed(0)} MiB of memory`
}

const result = await simulate({
  seed,
  network: { stretchMs: Number(stretchMs), gatherMs: Number(gatherMs) },
  torrent: { lengthBytes: Number(mebibytes) * MiB, pieceBytes: 262_144 },
  groups: [
    { name: 'seed', count: seeds, has: 'all', upBytesPerSecond: 4 * MiB, downBytesPerSecond: 4 * MiB, maxPeers },
    {
      name: 'peer',
      count: count - seeds,
      upBytesPerSecond: MiB,
      downBytesPerSecond: 4 * MiB,
      arrive: { overMs: 30_000 },
      maxPeers,
    },
  ],
  onProgress: ({ atMs, events, unfinished }) =>
    console.log(`${(atMs / 1_000).toFixed(0)} s: ${events} events, ${unfinished} unfinished, ${cost()}`),
})
const sum = (what) => result.peers.reduce((total, peer) => total + peer[what], 0)
console.log(
  `seed ${seed}, trace ${result.traceHash}, ${result.events} events, ${(result.finishedAtMs / 1_000).toFixed(1)} s simulated`,
)
console.log(`whole: ${result.peers.filter((peer) => peer.completedMs !== undefined).length} of ${count - seeds}`)
console.log(
  `downloaded ${(sum('downloadedBytes') / MiB).toFixed(0)} MiB, ${(sum('wastedBytes') / MiB).toFixed(0)} of them for nothing`,
)
console.log(cost())
process.exitCode = result.finished && result.faults.length === 0 ? 0 : 1

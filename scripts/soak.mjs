// `npm run soak -- [--minutes N]`: torrents are added, downloaded from three peers on loopback, looked at and removed,
// with faults in rotation: a peer that lies, a tracker that answers with noise, peers that all leave, a disk that fails. Ends
// with a table; fails where a byte is wrong, something was not caught, or memory or handles grow. Needs a build.
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createSession, pluginContract, Storage, StorageError, wrapStorage } from '@bitloom/core'
import { createTorrent, nodePorts } from '@bitloom/core/node'
import { piecePicker } from '@bitloom/piece-picker'
import { storageFs } from '@bitloom/storage-fs'
import { trackerHttp } from '@bitloom/tracker-http'

const MiB = 1_048_576
const { values } = parseArgs({ options: { minutes: { type: 'string', default: '3' } } })
const endMs = performance.now() + Number(values.minutes) * 60_000
const faults = ['none', 'a liar', 'noise of a tracker', 'all peers leave', 'a disk that fails']
const counts = { rounds: 0, whole: 0, wrong: 0, uncaught: 0 }
process.on('uncaughtException', (error) => (counts.uncaught++, console.error(error)))
process.on('unhandledRejection', (error) => (counts.uncaught++, console.error(error)))

/** What a storage in front of the files does while a fault is on. */
const disk = { lies: false, failsIn: Infinity }
const folder = await mkdtemp(join(tmpdir(), 'bitloom-soak-'))
const noise = createServer((_, response) => response.end(randomBytes(500)))
await new Promise((resolve) => noise.listen(0, '127.0.0.1', resolve))
const samples = []
const peers = []
for (let at = 0; at < 3; at++) peers.push(await openSession(`127.0.2.${at + 1}`, at === 2))
/** A new one for each rotation: the old one has banned the liar. */
let leecher = await openSession('127.0.2.9', false, true)
try {
  while (performance.now() < endMs) await round(faults[counts.rounds++ % faults.length])
} finally {
  for (const session of [...peers, leecher]) await session.close()
  noise.close()
  await rm(folder, { recursive: true, force: true })
}
const settled = samples.slice(Math.floor(samples.length / 3))
const memory = growthPerMinute(settled.map(({ minutes, rssMiB }) => [minutes, rssMiB])) * 10
const handles = settled.map((sample) => sample.handles)
console.table([
  { ...counts, 'MiB per 10 min': memory.toFixed(2), handles: `${Math.min(...handles)} to ${Math.max(...handles)}` },
])
const isFlat = Number(values.minutes) < 30 || memory <= 1
if (counts.wrong + counts.uncaught > 0 || counts.whole < counts.rounds || !isFlat) process.exitCode = 1

/** A session with its storage behind one that lies or fails as `disk` says. */
function openSession(host, mayLie, mayFail = false) {
  let storages = () => []
  const storage = {
    name: 'soak',
    open: async (...args) => {
      const handle = await storages()
        .find(({ name }) => name === 'fs')
        .open(...args)
      return wrapStorage(handle, {
        read: async (piece, begin, into, purpose) => {
          await handle.read(piece, begin, into, purpose)
          if (mayLie && disk.lies && purpose === 'serve') for (const bytes of into) bytes[0] ^= 1
        },
        write: async (...call) => {
          if (mayFail && --disk.failsIn === 0) throw new StorageError('IO', 'on purpose', { path: folder, retry: true })
          await handle.write(...call)
        },
      })
    },
  }
  const plugin = {
    name: 'soak',
    contract: pluginContract,
    bind: (bindings) => bindings.value(Storage, storage),
    apply: (plugins) => void (storages = () => plugins.all(Storage)),
  }
  return createSession({
    plugins: [nodePorts(), trackerHttp(), storageFs(), piecePicker(), plugin],
    listen: { hosts: [host], ports: [0] },
  })
}

async function round(fault) {
  if (fault === 'none') {
    await leecher.close()
    leecher = await openSession('127.0.2.9', false, true)
  }
  const source = join(folder, 'source')
  const target = join(folder, 'target')
  await mkdir(source, { recursive: true })
  const data = randomBytes(6 * MiB + 77)
  const name = `data-${counts.rounds}`
  await writeFile(join(source, name), data)
  const trackers = [[`http://127.0.0.1:${noise.address().port}/announce`]]
  const { torrent } = await createTorrent(join(source, name), {
    pieceLengthBytes: 65_536,
    ...(fault === 'noise of a tracker' ? { trackers } : {}),
  })
  const seeds = []
  for (const session of peers) {
    seeds.push(await session.add({ torrent, directory: source, storage: 'soak', check: 'skip' }))
    await seeds.at(-1).ready
  }
  disk.lies = fault === 'a liar'
  disk.failsIn = fault === 'a disk that fails' ? 5 : Infinity
  const download = await leecher.add({
    torrent,
    directory: target,
    storage: 'soak',
    limits: { downBytesPerSecond: 8 * MiB },
    peers: peers.map(({ addresses }) => addresses[0]),
  })
  const { control, completed, view } = download
  completed.catch(() => {})
  if (fault === 'all peers leave') {
    await sleep(200)
    for (const peer of [...view.peers]) control.disconnect(peer, 'soak')
  }
  const stopMs = performance.now() + 30_000
  while (view.state !== 'seeding' && performance.now() < stopMs) {
    if (view.state === 'failed') control.recheck()
    await sleep(20)
  }
  if (view.state === 'seeding') counts.whole++
  const there = await readFile(join(target, name)).catch(() => Buffer.alloc(0))
  if (view.state === 'seeding' && !hash(there).equals(hash(data))) counts.wrong++
  await download.remove({ deleteData: true })
  for (const seed of seeds) await seed.remove()
  await rm(join(source, name))
  globalThis.gc?.()
  samples.push({
    minutes: performance.now() / 60_000,
    rssMiB: process.memoryUsage.rss() / MiB,
    handles: process.getActiveResourcesInfo().filter((name) => !/Timeout|Immediate/.test(name)).length,
  })
}

/** The slope of a straight line through points `[minutes, MiB]` by least squares. */
function growthPerMinute(points) {
  const mean = (at) => points.reduce((sum, point) => sum + point[at], 0) / points.length
  const [x, y] = [mean(0), mean(1)]
  const spread = points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0)
  return points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0) / spread
}

function hash(bytes) {
  return createHash('sha1').update(bytes).digest()
}

// `npm run soak -- [--minutes N] [--rounds N] [--mib N] [--only FAULT]...`: torrents are added, downloaded from three peers on
// loopback, looked at and removed, with the faults of scripts/soak/ in rotation. Ends with a table; fails where a byte is
// wrong, a download did not end, something was not caught, or memory or handles grow. Needs a build. The young heaps of all
// threads are kept small (`--max-semi-space-size`): those of threads that hash grow for long otherwise, with nothing but garbage.
import { randomFillSync } from 'node:crypto'
import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createTorrent } from '@bitloom/core/node'
import { faultSwitches, faultyPlugin, hit } from './soak/faults.mjs'
import { growthPer10Minutes, rise, sample } from './soak/samples.mjs'
import { Survivors } from './soak/survivors.mjs'
import { badMoods } from './soak/tracker.mjs'
import { openWorld, storage } from './soak/world.mjs'

const MiB = 1_048_576
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '3' },
    rounds: { type: 'string', default: 'Infinity' },
    mib: { type: 'string', default: '6' },
    only: { type: 'string', multiple: true },
  },
})
/** In some all peers leave twice, and come back after ten seconds. */
const roundMs = 120_000
const [minutes, rounds, mib] = [values.minutes, values.rounds, values.mib].map(Number)
const counts = { rounds: 0, whole: 0, wrong: 0, uncaught: 0, warnings: 0 }
process.on('warning', (warning) => (counts.warnings++, console.error(warning)))
process.on('uncaughtException', (error) => (counts.uncaught++, console.error(error)))
process.on('unhandledRejection', (error) => (counts.uncaught++, console.error(error)))

/** What is shared, and what came of it: one memory for all rounds, so that they leave no holes in that of the process. */
const [data, there] = [Buffer.alloc(mib * MiB + 77), Buffer.alloc(mib * MiB + 78)]
const folder = await mkdtemp(join(tmpdir(), 'bitloom-soak-'))
const switches = { ...faultSwitches(), hits: {} }
const world = await openWorld(join(folder, 'state'), switches)
const until = async (holds, ms) => {
  for (const stopMs = performance.now() + ms; !holds() && performance.now() < stopMs;) await sleep(5)
  return holds()
}

/** What goes wrong in a round, the n-th of its kind; `during` runs beside the download. */
const faults = {
  none: () => ({}),
  'a liar': () => ({ switches: { lies: true } }),
  'a call of a file fails': (n) => ({ switches: { fileCallFailsIn: 1 + (n % 40) } }),
  'a write of a socket fails': (n) => ({ switches: { socketWriteFailsIn: 1 + ((n * 7) % 100) } }),
  'a slow disk': () => ({ switches: { msPerMiB: 100 } }),
  'a plugin at fault': (n) => ({ plugin: faultyPlugin(n, switches) }),
  'all peers leave': (n) => ({
    during: async ({ control, view }) => {
      await until(() => (view.content?.have.count ?? 0) > 4, 5_000)
      for (const peer of [...view.peers]) {
        hit(switches, 'all peers leave')
        control.disconnect(peer, 'soak')
      }
      // By itself it dials again after ten seconds.
      if (n % 2 === 0) control.addPeers(world.addresses(), 'user')
    },
  }),
  'a tracker in a bad mood': (n) => ({
    trackers: [[world.tracker.url]],
    peers: [],
    mood: badMoods[n % badMoods.length],
    during: async ({ control, view }) => {
      await until(() => [...view.trackers].some(({ state }) => state === 'error'), 500)
      world.tracker.become('good')
      await until(() => [...view.trackers].some(({ state }) => state === 'error'), 500)
      // By itself it would be asked again after half a minute.
      control.removeTracker(world.tracker.url)
      control.addTracker(world.tracker.url)
    },
  }),
  'datagrams are lost': () => ({ trackers: [[world.udpUrl]], switches: { lostPercent: 10 } }),
}
const names = values.only ?? Object.keys(faults)
const slowest = {}
const samples = []
const over = new Survivors()
let tellAtMinutes = 10
const endMs = performance.now() + minutes * 60_000
try {
  while (performance.now() < endMs && counts.rounds < rounds) {
    const name = names[counts.rounds % names.length]
    const beganMs = performance.now()
    await round(name, faults[name](Math.floor(counts.rounds / names.length)))
    slowest[name] = Math.max(slowest[name] ?? 0, performance.now() - beganMs)
    counts.rounds++
    // Samples are taken at the same place of each rotation.
    if (counts.rounds % names.length === 0) {
      over.add(await world.replaceLiar())
      samples.push({ ...(await sample()), survivors: over.count() })
      if (samples.at(-1).minutes > tellAtMinutes) {
        console.log(JSON.stringify(report()))
        tellAtMinutes += 10
      }
    }
  }
} finally {
  await world.close()
  await rm(folder, { recursive: true, force: true })
}
const found = report()
console.table(
  Object.entries(slowest).map(([fault, ms]) => ({
    fault,
    came: switches.hits[fault],
    'slowest round': `${(ms / 1_000).toFixed(1)} s`,
  })),
)
console.log(JSON.stringify(found))
process.exitCode = found.isGood ? 0 : 1

async function round(name, { switches: on = {}, plugin, during, trackers = [], peers, mood = 'good' }) {
  const source = join(folder, 'source')
  const target = join(folder, 'target')
  await mkdir(source, { recursive: true })
  const file = `data-${counts.rounds}`
  randomFillSync(data)
  await writeFile(join(source, file), data)
  const { torrent } = await createTorrent(join(source, file), { pieceLengthBytes: 65_536 })
  const seeds = []
  for (const session of world.seeders()) {
    seeds.push(await session.add({ torrent, directory: source, storage, check: 'skip' }))
    await seeds.at(-1).ready
  }
  world.tracker.become(mood)
  Object.assign(switches, on)
  if (plugin !== undefined) await world.leecher.use(plugin)
  const limits = { downBytesPerSecond: 8 * MiB }
  const download = await world.leecher.add({
    torrent,
    directory: target,
    storage,
    trackers,
    peers: peers ?? world.addresses(),
    limits,
  })
  download.ready.catch(() => {})
  download.completed.catch(() => {})
  const { control, view } = download
  const meanwhile = during?.(download)
  const isOver = () => {
    if (view.state === 'failed') control.recheck()
    return view.state === 'seeding'
  }
  const isWhole = await until(isOver, roundMs)
  await meanwhile
  if (isWhole) counts.whole++
  else
    console.error(`round ${counts.rounds}, ${name}: ${view.state} after ${roundMs / 1_000} s, ${view.error?.message}`)
  Object.assign(switches, faultSwitches())
  if (isWhole && !(await isRight(join(target, file)))) counts.wrong++
  await download.remove({ deleteData: true })
  if (plugin !== undefined) await world.leecher.remove(plugin.name)
  for (const seed of seeds) await seed.remove()
  over.add(download, ...[download, ...seeds].map(({ view }) => view))
  await rm(join(source, file))
}

/** What was found so far. Code is compiled and heaps find their size in the first third, and in ten minutes at most. */
function report() {
  const late = samples.filter((one) => one.minutes >= Math.min(10, minutes / 3))
  // A slow machine gets as far as it can.
  const settled = late.length < 3 ? samples.slice(-3) : late
  if (settled.length < 3) return { ...counts, isGood: false, why: 'too few samples' }
  const growth = Object.fromEntries(
    ['rss', 'objects', 'code'].map((figure) => [figure, Number(growthPer10Minutes(settled, figure).toFixed(2))]),
  )
  const isWhole = counts.wrong + counts.uncaught + counts.warnings === 0 && counts.whole === counts.rounds
  const absent = names.filter((name) => name !== 'none' && switches.hits[name] === undefined)
  const { survivors } = samples.at(-1)
  const isFlat = survivors <= 3 && rise(settled, 'handles') <= 0 && rise(settled, 'descriptors') <= 0
  // The memory of the process says something when it had time to settle; what lives does before.
  const isSmall = minutes < 50 ? growth.objects <= 5 : growth.objects <= 1 && growth.rss <= 1
  return {
    ...counts,
    minutes: Number((performance.now() / 60_000).toFixed(1)),
    growth,
    handles: rise(settled, 'handles'),
    descriptors: rise(settled, 'descriptors'),
    survivors,
    absent,
    rssMiB: Math.round(settled.at(-1).rss),
    isGood: absent.length === 0 && isWhole && isFlat && isSmall,
  }
}

/** The file is what was shared. */
async function isRight(path) {
  const handle = await open(path)
  const { bytesRead } = await handle.read(there)
  await handle.close()
  return there.subarray(0, bytesRead).equals(data)
}

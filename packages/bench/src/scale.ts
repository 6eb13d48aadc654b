import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Running, startProcess } from '@bitloom/interop/process'
import { watchTree } from '../rig/process-tree.js'
import { joinIdle, joinSeed } from '../rig/scale/crowd.js'
import { crowdTorrent } from '../rig/scale/crowd-payload.js'
import { writeRecords } from '../rig/scale/records.js'
import type { StartTimes } from './first-dial.js'

const mebibyte = 2 ** 20
const warmers = 20
const program = (name: string): string => fileURLToPath(new URL(`../rig/scale/${name}.js`, import.meta.url))
const isJson = (line: string): string | undefined => (line.startsWith('{') ? line : undefined)

export interface ScalePlan {
  readonly folder: string
  readonly torrents: number
  readonly peers: number
  /** How long CPU time is watched, for each figure. */
  readonly watchSeconds: number
  /** How often each program is started. */
  readonly starts: number
  /** Binaries of Node that programs are started with, the usual one first. */
  readonly nodes: readonly string[]
  progress(line: string): void
}

/** Seeding torrents without peers in one session. */
export interface IdleTorrents {
  readonly count: number
  /** From the start of the program until all seed, from resume records. */
  readonly startSeconds: number
  readonly startCpuSeconds: number
  readonly rssMebibytes: number
  /** Of one core. */
  readonly cpuShare: number
}

/** Connected peers that want nothing. */
export interface IdlePeers {
  readonly count: number
  readonly bytesEach: number
  /** Of one core. */
  readonly idleCpuShare: number
  /** While pieces come in and all peers are told of each. */
  readonly stormCpuShare: number
  readonly stormPiecesPerSecond: number
}

/** A run that failed has only some of it. */
export interface ScaleResults {
  /** With each Node, the usual one first. */
  starts?: readonly StartTimes[]
  idlePeers?: IdlePeers
  idleTorrents?: IdleTorrents
}

/** CPU time of a program over a while, as a share of one core. */
async function cpuShare(watch: ReturnType<typeof watchTree>, seconds: number): Promise<number> {
  const before = watch.cost().cpuSeconds
  const startedMs = performance.now()
  await sleep(seconds * 1000)
  return (watch.cost().cpuSeconds - before) / ((performance.now() - startedMs) / 1000)
}

export async function watchTorrents({ folder, torrents, watchSeconds, progress }: ScalePlan): Promise<IdleTorrents> {
  const home = join(folder, 'torrents')
  const state = await writeRecords(home, torrents)
  const args = [program('idle-torrents'), state, String(torrents)]
  const running = startProcess({ name: 'idle torrents', command: process.execPath, args })
  const watch = watchTree(running.pid ?? 0)
  try {
    const line = await running.line('all torrents seed', isJson, 300_000)
    const { seconds } = JSON.parse(line) as { seconds: number }
    const { cpuSeconds } = watch.cost()
    progress(`${torrents} idle torrents: started in ${seconds.toFixed(1)} s`)
    const share = await cpuShare(watch, watchSeconds)
    return {
      count: torrents,
      startSeconds: seconds,
      startCpuSeconds: cpuSeconds,
      rssMebibytes: watch.cost().rssBytes / mebibyte,
      cpuShare: share,
    }
  } finally {
    watch.stop()
    await running.stop()
    rmSync(home, { recursive: true })
  }
}

interface Crowded {
  readonly rssBytes: number
  readonly peers: number
  readonly pieces: number
}

/** Asks the session how it is. */
async function ask(running: Running): Promise<Crowded> {
  const asked = running.nextLine('it told its memory', isJson, 30_000)
  process.kill(running.pid ?? 0, 'SIGUSR2')
  return JSON.parse(await asked) as Crowded
}

export async function watchPeers({ peers, watchSeconds, progress }: ScalePlan): Promise<IdlePeers> {
  const torrent = crowdTorrent()
  const piecesPerSecond = 10
  // The young generation of the heap is then as large at the end as at the beginning: it grows by itself, not by peers.
  const flags = ['--expose-gc', '--max-semi-space-size=1']
  const args = [...flags, program('crowded-session'), String(peers), String(piecesPerSecond)]
  const running = startProcess({ name: 'crowded session', command: process.execPath, args })
  const watch = watchTree(running.pid ?? 0)
  try {
    const { port } = JSON.parse(await running.line('it listens', isJson, 30_000)) as { port: number }
    // Code that only peers make run is loaded and compiled by some.
    const first = await joinIdle(port, torrent, warmers, peers)
    const before = await ask(running)
    const others = await joinIdle(port, torrent, peers)
    await sleep(1_000)
    const after = await ask(running)
    if (after.peers < peers) throw new Error(`${after.peers} peers are connected of ${peers}\n${running.log()}`)
    const bytesEach = (after.rssBytes - before.rssBytes) / (after.peers - before.peers)
    progress(`${peers} idle peers: ${bytesEach.toFixed(0)} bytes each`)
    const idleCpuShare = await cpuShare(watch, watchSeconds)
    const seed = await joinSeed(port, torrent)
    await sleep(1_000)
    const begun = await ask(running)
    const stormCpuShare = await cpuShare(watch, watchSeconds)
    const ended = await ask(running)
    for (const socket of [...first, ...others, seed]) socket.destroy()
    return {
      count: peers,
      bytesEach,
      idleCpuShare,
      stormCpuShare,
      stormPiecesPerSecond: (ended.pieces - begun.pieces) / watchSeconds,
    }
  } finally {
    watch.stop()
    await running.stop()
  }
}

const share = (value: number): string => `${(value * 100).toFixed(1)} % of a core`

/** The rows of a table, its head first. */
export function scaleTable({ starts = [], idleTorrents, idlePeers }: ScaleResults): string[][] {
  return [
    ['scale', 'measured'],
    ...starts.flatMap(startRows),
    ...(idleTorrents === undefined ? [] : torrentRows(idleTorrents)),
    ...(idlePeers === undefined ? [] : peerRows(idlePeers)),
  ]
}

function startRows({ node, firstDialMs, bareMs }: StartTimes): string[][] {
  return [
    [`start of bitloom download to the first dial, Node ${node}`, `${firstDialMs.toFixed(0)} ms`],
    [`start of a bare Node ${node}, to its end`, `${bareMs.toFixed(0)} ms`],
  ]
}

function torrentRows({ count, startSeconds, startCpuSeconds, rssMebibytes, cpuShare }: IdleTorrents): string[][] {
  const torrents = `${count.toLocaleString('en')} seeding torrents without peers`
  return [
    [
      `${torrents}: start from resume records`,
      `${startSeconds.toFixed(1)} s, ${startCpuSeconds.toFixed(1)} s of CPU time`,
    ],
    [`${torrents}: RSS`, `${rssMebibytes.toFixed(0)} MiB`],
    [`${torrents}: CPU`, share(cpuShare)],
  ]
}

function peerRows({ count, bytesEach, idleCpuShare, stormCpuShare, stormPiecesPerSecond }: IdlePeers): string[][] {
  const peers = `${count.toLocaleString('en')} idle peers`
  return [
    [`${peers}: memory`, `${(bytesEach / 1000).toFixed(1)} kB each`],
    [`${peers}: CPU`, share(idleCpuShare)],
    [`${peers}: CPU while told of ${stormPiecesPerSecond.toFixed(1)} pieces a second`, share(stormCpuShare)],
  ]
}

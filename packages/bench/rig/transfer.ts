import { readFileSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { type Client, type Job, later, startMs } from '@bitloom/interop/clients/client'
import { type Lab, lastingDifference, openLab } from '@bitloom/interop/lab'
import { until } from '@bitloom/interop/process'
import { busySeconds, type TreeCost, type TreeWatch, watchTree } from './process-tree.js'
import type { Payload } from './payloads.js'

/** What is measured: one seeder gives one payload to one leecher. */
export interface Transfer {
  readonly seeder: Client
  readonly leecher: Client
  readonly payload: Payload
  /** Seeding peers; more than one only where libtorrent seeds. All of them are one process. */
  readonly peers: number
}

/** What one side has cost during a transfer. */
export interface SideCost {
  /** Of a leecher from its start on, of a seeder from the start of the leecher. */
  readonly cpuSeconds: number
  readonly peakRssBytes: number
  readonly peakAnonBytes: number
  /** Bitloom only: delays of its event loop; of a leecher after its first half second. */
  readonly loopDelayP99Ms?: number
}

/** One measured transfer. Every byte was compared. */
export interface TransferResult {
  /** From the start of the leecher's program until it said that it has everything. */
  readonly seconds: number
  readonly lengthBytes: number
  readonly seeder: SideCost
  readonly leecher: SideCost
  /** The share of all cores that others than the two had meanwhile. */
  readonly foreignShare: number
}

/** A transfer was not complete in time; both clients were stopped. */
export class Unended extends Error {
  readonly limitSeconds: number

  constructor(limitMs: number) {
    super(`it did not end within ${Math.round(limitMs / 1000)} s`)
    this.limitSeconds = limitMs / 1000
  }
}

const firstPort = 6881
const loopDelay = new URL('loop-delay.js', import.meta.url).href

interface Side {
  readonly job: Job
  watch(): TreeWatch
  /** Begins a new measurement of the event loop, and answers the one until now. */
  loopDelay(): Promise<number | undefined>
}

function sideOf(lab: Lab, role: string, client: Client, facts: Omit<Job, 'start' | 'state'>): Side {
  const file = join(lab.folder, `loop-delay-${role}`)
  const env = { NODE_OPTIONS: `--import=${loopDelay}`, BITLOOM_BENCH_LOOP_DELAY: file }
  let watch: TreeWatch | undefined
  let pid = 0
  const plain = lab.job(role, facts)
  const start: Job['start'] = (command) => {
    const running = lab.start(client.isOurs === true ? { ...command, env: { ...command.env, ...env } } : command)
    pid = running.pid ?? 0
    watch = watchTree(pid)
    return running
  }
  return {
    job: { ...plain, start },
    watch: () => {
      if (watch === undefined) throw new Error(`${client.name} has not been started`)
      return watch
    },
    loopDelay: async () => {
      if (client.isOurs !== true) return undefined
      rmSync(file, { force: true })
      process.kill(pid, 'SIGUSR2')
      return until('the event loop told its delays', 5_000, async () => readLoopDelay(file), 10)
    },
  }
}

function readLoopDelay(file: string): number | undefined {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as { p99Ms: number }).p99Ms
  } catch {
    // Not there, or not whole yet.
    return undefined
  }
}

/**
 * Runs one transfer in a network of its own below `folder`. A leecher that is not complete `limitMs` after its start is
 * stopped. @throws Unended for that, or Error with the client's last lines, or what differs
 */
export async function runTransfer(transfer: Transfer, folder: string, limitMs: number): Promise<TransferResult> {
  const { seeder, leecher, payload, peers } = transfer
  const { torrent, infoHash } = payload
  const lab = openLab(folder)
  const watches: TreeWatch[] = []
  try {
    const tracker = await lab.openTracker(lab.left, [infoHash])
    const sources = Array.from({ length: peers }, (_, index) => ({ ip: lab.left.ip, port: firstPort + index }))
    const left = sideOf(lab, 'seed', seeder, {
      torrent,
      infoHash,
      directory: payload.folder,
      host: lab.left,
      port: firstPort,
      ...(peers > 1 ? { copies: peers } : {}),
    })
    await seeder.seed(left.job)
    watches.push(left.watch())
    await tracker.knows(infoHash, { peers }, startMs)
    const right = sideOf(lab, 'leech', leecher, {
      torrent,
      infoHash,
      directory: lab.emptyFolder('download'),
      host: lab.right,
      port: firstPort,
      peers: sources,
      transferMs: limitMs * 2,
    })
    await left.loopDelay()
    const before = left.watch().cost()
    const busyBefore = busySeconds()
    const startedMs = performance.now()
    await endsWithin(limitMs, async () => {
      const { complete } = await leecher.leech(right.job)
      watches.push(right.watch())
      await complete
    })
    const seconds = (performance.now() - startedMs) / 1000
    const [served, got] = [left.watch().cost(), right.watch().cost()]
    const busy = busySeconds() - busyBefore
    const servedSeconds = served.cpuSeconds - before.cpuSeconds
    const delays = [await left.loopDelay(), await right.loopDelay()] as const
    await checkContent(payload, right.job.directory, leecher)
    return {
      seconds,
      lengthBytes: payload.lengthBytes,
      seeder: { ...sideCost(served), cpuSeconds: servedSeconds, ...named(delays[0]) },
      leecher: { ...sideCost(got), ...named(delays[1]) },
      foreignShare: Math.max(0, busy - servedSeconds - got.cpuSeconds) / seconds / cores,
    }
  } finally {
    for (const watch of watches) watch.stop()
    await lab.closeAll()
  }
}

/** What `task` still does after its time concerns nobody. @throws Unended */
async function endsWithin(limitMs: number, task: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Unended(limitMs)), limitMs)
  })
  try {
    await Promise.race([later(task()), limit])
  } finally {
    clearTimeout(timer)
  }
}

const cores = availableParallelism()

function sideCost({ cpuSeconds, peakRssBytes, peakAnonBytes }: TreeCost): SideCost {
  return { cpuSeconds, peakRssBytes, peakAnonBytes }
}

function named(loopDelayP99Ms: number | undefined): Pick<SideCost, 'loopDelayP99Ms'> {
  return loopDelayP99Ms === undefined ? {} : { loopDelayP99Ms }
}

async function checkContent(payload: Payload, directory: string, leecher: Client): Promise<void> {
  const difference = await lastingDifference(join(payload.folder, payload.name), join(directory, payload.name), {
    settleMs: leecher.isOurs === true ? 0 : 5_000,
    exceptEmpty: leecher.skipsEmptyFiles,
  })
  if (difference !== undefined) throw new Error(`what ${leecher.name} downloaded is wrong: ${difference}`)
}

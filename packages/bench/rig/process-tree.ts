import { readdirSync, readFileSync } from 'node:fs'
import { parseBusyTicks, parseStat, parseStatus } from '../src/proc.js'

/** What a process and all that it started have cost so far. */
export interface TreeCost {
  readonly cpuSeconds: number
  /** Now, or when it was last seen. */
  readonly rssBytes: number
  /** Peaks of the sums over the tree, as sampled. */
  readonly peakRssBytes: number
  readonly peakAnonBytes: number
}

export interface TreeWatch {
  /** Looks again, and answers. Once the tree has gone it answers what was last seen. */
  cost(): TreeCost
  stop(): void
}

const ticksPerSecond = 100
const everyMs = 50

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // It has ended since.
    return ''
  }
}

/** A process and its descendants, by the list of children of each of its threads. */
function treeOf(pid: number): number[] {
  let threads: string[]
  try {
    threads = readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
  const children = threads.flatMap((thread) => read(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean))
  return [pid, ...children.flatMap((child) => treeOf(Number(child)))]
}

/** Samples a tree of processes twenty times a second until it is stopped. */
export function watchTree(root: number): TreeWatch {
  let [cpuTicks, rssBytes, peakRssBytes, peakAnonBytes] = [0, 0, 0, 0]
  const sample = (): void => {
    let [ticks, rss, anon] = [0, 0, 0]
    for (const pid of treeOf(root)) {
      const memory = parseStatus(read(`/proc/${pid}/status`))
      ticks += parseStat(read(`/proc/${pid}/stat`))?.cpuTicks ?? 0
      rss += memory?.rssBytes ?? 0
      anon += memory?.anonBytes ?? 0
      if (pid === root) peakRssBytes = Math.max(peakRssBytes, memory?.peakRssBytes ?? 0)
    }
    cpuTicks = Math.max(cpuTicks, ticks)
    if (rss > 0) rssBytes = rss
    peakRssBytes = Math.max(peakRssBytes, rss)
    peakAnonBytes = Math.max(peakAnonBytes, anon)
  }
  sample()
  const timer = setInterval(sample, everyMs)
  return {
    cost: () => {
      sample()
      return { cpuSeconds: cpuTicks / ticksPerSecond, rssBytes, peakRssBytes, peakAnonBytes }
    },
    stop: () => clearInterval(timer),
  }
}

/** Seconds that all cores together have been busy since the machine started. */
export function busySeconds(): number {
  return parseBusyTicks(read('/proc/stat')) / ticksPerSecond
}

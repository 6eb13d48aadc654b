import type { TorrentStats } from '@bitloom/core'
import type { Job } from './job.js'
import { formatBytes, formatDuration, printable } from './output.js'
import { titleOf } from './torrents.js'

/** What came of a run, in one line for people. `endedMs` is on the clock of the jobs. */
export function summaryOf(jobs: readonly Job[], endedMs: number, serving: boolean): string | undefined {
  const [first] = jobs
  if (first === undefined) return undefined
  const seconds = (endedMs - Math.min(...jobs.map(({ addedMs }) => addedMs))) / 1_000
  const head = jobs.length === 1 ? printable(titleOf(first.handle.view)) : countsOf(jobs)
  const total = sumOf(jobs.map(({ handle }) => handle.view.stats))
  return `${head}: ${[serving ? `served for ${formatDuration(seconds)}` : came(jobs, total, seconds), ...wentOf(total)].join(', ')}`
}

type Total = Pick<TorrentStats, 'receivedBytes' | 'wastedBytes' | 'uploadedBytes' | 'wantedBytes'>

function sumOf(all: readonly Total[]): Total {
  const sum = (key: keyof Total): number => all.reduce((bytes, stats) => bytes + stats[key], 0)
  return {
    receivedBytes: sum('receivedBytes'),
    wastedBytes: sum('wastedBytes'),
    uploadedBytes: sum('uploadedBytes'),
    wantedBytes: sum('wantedBytes'),
  }
}

/** `3 torrents whole`, `6 torrents (3 whole, 1 failed, 2 unfinished)`. */
function countsOf(jobs: readonly Job[]): string {
  const failed = jobs.filter(({ error }) => error !== undefined).length
  const whole = jobs.filter(
    ({ phase, error }) => error === undefined && (phase === 'whole' || phase === 'ended'),
  ).length
  const parts = [
    [whole, 'whole'],
    [failed, 'failed'],
    [jobs.length - whole - failed, 'unfinished'],
  ] as const
  const told = parts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`)
  return whole === jobs.length ? `${whole} torrents whole` : `${jobs.length} torrents (${told.join(', ')})`
}

function came(jobs: readonly Job[], { receivedBytes }: Total, seconds: number): string {
  if (receivedBytes === 0) return jobs.every(({ wholeMs }) => wholeMs > 0) ? 'was whole already' : 'nothing came'
  // The time of a single download ends when it is whole, also where it is seeded afterwards.
  const [only] = jobs
  const took =
    jobs.length === 1 && only !== undefined && only.wholeMs > 0 ? (only.wholeMs - only.addedMs) / 1_000 : seconds
  const time = took < 10 ? `${took.toFixed(1)}s` : formatDuration(took)
  return `${formatBytes(receivedBytes)} in ${time} (${formatBytes(receivedBytes / Math.max(took, 0.001))}/s)`
}

function wentOf({ uploadedBytes, wastedBytes, wantedBytes }: Total): string[] {
  const ratio = wantedBytes === 0 ? '' : ` (ratio ${(uploadedBytes / wantedBytes).toFixed(2)})`
  return [
    ...(uploadedBytes > 0 ? [`gave ${formatBytes(uploadedBytes)}${ratio}`] : []),
    ...(wastedBytes > 0 ? [`${formatBytes(wastedBytes)} wasted`] : []),
  ]
}

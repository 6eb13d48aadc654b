import { TrackerError } from '../src/bytes/errors.js'
import type { AnnounceAnswer } from '../src/ports/tracker-client.js'
import type { Random } from '../src/ports/random.js'
import { AnnounceSchedule, type AnnounceTask } from '../src/torrent/announce-schedule.js'

/** Draws the highest number always: shuffling keeps the order and back-off is at its longest. */
export const highest: Random = {
  bytes: (length) => new Uint8Array(length),
  below: (limit) => limit - 1,
  fork: () => highest,
}
export const lowest: Random = { bytes: (length) => new Uint8Array(length), below: () => 0, fork: () => lowest }

/** How a tracker behaves: what it settles with, how long it takes. No `afterS` = at once, `Infinity` = never. */
export interface Reply {
  readonly afterS?: number
  readonly answer?: Partial<AnnounceAnswer>
  readonly error?: Error
  readonly skip?: boolean
}
export type Deed = (schedule: AnnounceSchedule, nowMs: number) => void

export interface Script {
  readonly tiers: readonly (readonly string[])[]
  readonly untilS: number
  readonly reply: (name: string, asked: number, task: AnnounceTask) => Reply
  readonly deeds?: Readonly<Record<number, Deed>>
  readonly random?: Random
}

export const url = (name: string): string => `udp://${name}:1`
const nameOf = (task: AnnounceTask): string => task.url.slice('udp://'.length, -':1'.length)
export const fails = (retryInMs?: number): Reply => ({
  error: new TrackerError('TRACKER_FAILURE', 'no', retryInMs === undefined ? {} : { retryInMs }),
})
export const ok: Reply = {}
export const silent: Reply = { afterS: Infinity }

/** Runs a schedule on virtual time and tells what it asked of whom: "15 b started". */
export function trace(script: Script): string[] {
  const { tiers, untilS, reply, deeds = {}, random = highest } = script
  const schedule = new AnnounceSchedule(
    tiers.map((tier) => tier.map(url)),
    random,
  )
  const events = Object.entries(deeds).map(([atS, run]) => ({ atMs: Number(atS) * 1000, run: run as Deed }))
  if (deeds[0] === undefined) events.unshift({ atMs: 0, run: (it, nowMs) => it.start(nowMs) })
  const asked = new Map<string, number>()
  const lines: string[] = []
  const carryOut = (task: AnnounceTask, nowMs: number): void => {
    const name = nameOf(task)
    asked.set(name, (asked.get(name) ?? 0) + 1)
    lines.push([nowMs / 1000, name, task.event ?? 'regular', task.trackerId ?? []].flat().join(' '))
    const { afterS = 0, answer, error, skip } = reply(name, asked.get(name) ?? 0, task)
    const settle: Deed = (it, atMs) => {
      if (error !== undefined) it.failed(task, error, atMs)
      else if (skip === true) it.skipped(task, atMs)
      else it.succeeded(task, { peers: [], ...answer }, atMs)
    }
    if (afterS === 0) settle(schedule, nowMs)
    else events.push({ atMs: nowMs + afterS * 1000, run: settle })
  }
  for (let nowMs = 0, turns = 0; nowMs <= untilS * 1000; turns++) {
    if (turns > 2000) throw new Error(`the schedule spins at ${nowMs} ms: ${lines.slice(-3).join(', ')}`)
    events.sort((a, b) => a.atMs - b.atMs)
    while ((events[0]?.atMs ?? Infinity) <= nowMs) events.shift()?.run(schedule, nowMs)
    for (const task of schedule.due(nowMs)) carryOut(task, nowMs)
    nowMs = Math.max(nowMs, Math.min(schedule.nextDeadlineMs(), ...events.map((event) => event.atMs)))
  }
  return lines
}

/** Times of one process, in clock ticks (a hundredth of a second on Linux). */
export interface ProcessTimes {
  readonly parent: number
  /** User and system time of itself and of the children it has waited for. */
  readonly cpuTicks: number
}

/** Reads `/proc/PID/stat` (proc_pid_stat(5)); `undefined` for what is none. The name in brackets may hold anything. */
export function parseStat(text: string): ProcessTimes | undefined {
  const end = text.lastIndexOf(')')
  // From the third field on: state, ppid, …; utime, stime, cutime and cstime are the fields 14 to 17.
  const fields = text.slice(end + 2).split(' ')
  const parent = Number(fields[1])
  const cpuTicks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
  return end < 0 || fields.length < 15 || Number.isNaN(parent + cpuTicks) ? undefined : { parent, cpuTicks }
}

/** Memory of one process, in bytes. */
export interface ProcessMemory {
  readonly rssBytes: number
  /** The largest that RSS has been. */
  readonly peakRssBytes: number
  /** The part of RSS that is no file and no shared memory. */
  readonly anonBytes: number
}

/** Reads `/proc/PID/status`; `undefined` for a process without memory of its own (one that has ended). */
export function parseStatus(text: string): ProcessMemory | undefined {
  const kibibytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1])
  const [rss, peak, anon] = [kibibytes('VmRSS'), kibibytes('VmHWM'), kibibytes('RssAnon')]
  if (Number.isNaN(rss + peak + anon)) return undefined
  return { rssBytes: rss * 1024, peakRssBytes: peak * 1024, anonBytes: anon * 1024 }
}

/** Ticks that all cores together have been busy, from `/proc/stat`: all but idle and waiting for disks. */
export function parseBusyTicks(text: string): number {
  const [user, nice, system, , , irq, softIrq, steal] = (/^cpu +(.*)$/m.exec(text)?.[1] ?? '').split(' ').map(Number)
  return [user, nice, system, irq, softIrq, steal].reduce<number>((sum, ticks = Number.NaN) => sum + ticks, 0)
}

import type { GroupReport, LabReport } from './report.js'

/** `32 MiB in 128 pieces of 256 KiB; 1 seeder (up 1 MiB/s, down 1 MiB/s), 40 peers (…)`. */
export function describeSwarm({ torrent, groups }: Pick<LabReport['scenario'], 'torrent' | 'groups'>): string {
  return `${describeTorrent(torrent)}; ${groups.map((group) => `${group.count} ${group.name} (${describeGroup(group)})`).join(', ')}`
}

/** `32 MiB in 128 pieces of 256 KiB`. */
export function describeTorrent({ lengthBytes, pieceBytes }: LabReport['scenario']['torrent']): string {
  const pieces = Math.ceil(lengthBytes / pieceBytes)
  return `${sizeText(lengthBytes)} in ${pieces} ${pieces === 1 ? 'piece' : 'pieces'} of ${sizeText(pieceBytes)}`
}

/** What sets a group apart: rates, and all that is not usual. */
export function describeGroup(group: GroupReport): string {
  return [
    `up ${rateText(group.upBytesPerSecond)}`,
    `down ${rateText(group.downBytesPerSecond)}`,
    ...hasText(group),
    ...(group.behaviour === undefined || group.behaviour === 'honest' ? [] : [group.behaviour]),
    ...arriveText(group),
    ...leaveText(group),
    ...(group.reachable === false ? ['behind NAT'] : []),
  ].join(', ')
}

function rateText(bytesPerSecond: number): string {
  return Number.isFinite(bytesPerSecond) ? `${sizeText(bytesPerSecond)}/s` : 'without limit'
}

function hasText({ has }: GroupReport): string[] {
  if (has === undefined || has === 'none' || has === 0) return []
  return has === 'all' || has === 1 ? ['has everything'] : [`has ${Math.round(100 * has)} %`]
}

function arriveText({ arrive }: GroupReport): string[] {
  if (arrive === undefined) return []
  if ('atMs' in arrive) return arrive.atMs === 0 ? [] : [`come at ${timeText(arrive.atMs)}`]
  return 'overMs' in arrive ? [`come within ${timeText(arrive.overMs)}`] : [`come ${arrive.poissonPerMinute} a minute`]
}

function leaveText({ leave }: GroupReport): string[] {
  if (leave === undefined || leave === 'stay') return []
  if (leave === 'when-whole') return ['leave when whole']
  return 'afterWholeMs' in leave
    ? [`leave ${timeText(leave.afterWholeMs)} after they are whole`]
    : [`leave after ${timeText(leave.sessionMs)}, whole or not`]
}

/** `1.5 MiB`: at most three digits, no zeros at the end. */
export function sizeText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB']
  const exponent = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10))
  const value = bytes / 1024 ** exponent
  return `${Number(value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0))} ${units[exponent]}`
}

/** `90 s`, `5 min`. */
export function timeText(ms: number): string {
  const seconds = ms / 1000
  return seconds >= 120 && seconds % 60 === 0 ? `${seconds / 60} min` : `${Number(seconds.toFixed(1))} s`
}

/** Lines of at most `width` characters, cut between words; a longer word has a line of its own. */
export function wrapWords(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}

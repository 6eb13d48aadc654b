import type { BitloomEvent, PeerEvent, ProgressEvent } from '../events.js'
import { formatBytes, formatDuration } from '../output.js'
import type { ProgressRow } from '../progress/row.js'
import type { Member } from './member.js'

/** What one member gave another, in payload bytes. */
export interface Gift {
  readonly from: string
  readonly to: string
  readonly bytes: number
}

export interface MemberReport {
  readonly name: string
  readonly seconds: number
  readonly receivedBytes: number
  readonly wastedBytes: number
  readonly uploadedBytes: number
  readonly peers: readonly string[]
  /** The tracker that answered. */
  readonly tracker: string | undefined
}

type Kind<N extends BitloomEvent['event']> = Extract<BitloomEvent, { readonly event: N }>

/** True for events of one name; `isKind('complete')` narrows. */
export function isKind<N extends BitloomEvent['event']>(name: N): (event: BitloomEvent) => event is Kind<N> {
  return (event): event is Kind<N> => event.event === name
}

/** A member as progress shows it. */
export function memberRow({ name, events }: Member, totalBytes: number): ProgressRow {
  const last = events.findLast(isKind('progress'))
  const isWhole = events.some(isKind('complete')) || events.some(isKind('seeding'))
  const isAdded = events.some(isKind('added'))
  const started = last !== undefined && last.verifiedBytes > 0
  return {
    key: name,
    name,
    state: isWhole ? 'seeding' : started ? 'downloading' : isAdded ? 'looking for peers' : 'starting',
    doneBytes: isWhole ? totalBytes : Math.min(totalBytes, last?.verifiedBytes ?? 0),
    totalBytes,
    downRate: isWhole ? 0 : (last?.downRate ?? 0),
    upRate: last?.upRate ?? 0,
    peers: last?.peers ?? 0,
    etaSeconds: last?.etaSeconds ?? undefined,
  }
}

/** Who gave what to whom, as the receivers counted it. Members are known by the peer id in their `listening` event. */
export function giftsOf(members: readonly Member[]): Gift[] {
  const names = new Map(members.map((member) => [peerIdOf(member), member.name]))
  return members.flatMap((member) => {
    const gone = member.events.filter(
      (event): event is PeerEvent => event.event === 'peer' && event.state !== 'connected',
    )
    const bytes = new Map<string, number>()
    for (const { peerId, receivedBytes = 0 } of gone) {
      const from = names.get(peerId) ?? 'a stranger'
      bytes.set(from, (bytes.get(from) ?? 0) + receivedBytes)
    }
    return [...bytes].filter(([, count]) => count > 0).map(([from, count]) => ({ from, to: member.name, bytes: count }))
  })
}

function peerIdOf({ events }: Member): string | undefined {
  return events.find(isKind('listening'))?.peerId
}

/** What one downloader did. */
export function memberReport(member: Member, members: readonly Member[]): MemberReport {
  const complete = member.events.find(isKind('complete'))
  const last: ProgressEvent | undefined = member.events.findLast(isKind('progress'))
  const names = new Map(members.map((other) => [peerIdOf(other), other.name]))
  const met = member.events.filter(isKind('peer')).map(({ peerId }) => names.get(peerId) ?? 'a stranger')
  return {
    name: member.name,
    seconds: complete?.seconds ?? 0,
    receivedBytes: complete?.receivedBytes ?? 0,
    wastedBytes: complete?.wastedBytes ?? 0,
    uploadedBytes: last?.uploadedBytes ?? 0,
    peers: [...new Set(met)],
    tracker: member.events.filter(isKind('tracker')).find(({ state }) => state === 'ok')?.url,
  }
}

/** The report for people. */
export function reportText(reports: readonly MemberReport[], gifts: readonly Gift[], lengthBytes: number): string {
  const lines = reports.map(({ name, seconds, wastedBytes, peers, tracker }) => {
    const rate = `${formatBytes(lengthBytes / Math.max(seconds, 0.001))}/s`
    const waste = wastedBytes === 0 ? '' : `, ${formatBytes(wastedBytes)} wasted`
    return `${name}: whole in ${seconds < 10 ? `${seconds.toFixed(1)}s` : formatDuration(seconds)}, ${rate}, met ${peers.join(' and ') || 'nobody'} through ${tracker ?? 'no tracker'}${waste}`
  })
  const given = gifts.map(({ from, to, bytes }) => `${from} gave ${to} ${formatBytes(bytes)}`)
  return [...lines, ...given].join('\n')
}

import type { TraceRecord } from '@bitloom/core'
import { formatDuration, printable } from '../output.js'
import { chooserOf } from './sentence.js'

/** How often each reason was given, of one kind of record. */
export interface ReasonCount {
  readonly event: TraceRecord['event']
  readonly reason: string
  count: number
  /** Blocks asked, for picks. */
  blocks?: number
}

/** A trace in numbers. */
export interface TraceSummary {
  readonly records: number
  readonly seconds: number
  readonly torrents: readonly string[]
  readonly peers: number
  /** Most frequent first within a kind; kinds in the order of the trace format. */
  readonly reasons: readonly ReasonCount[]
}

/** Adds records up; what it holds grows with the kinds of reasons and the peers, not with the records. */
export function createSummary() {
  const reasons = new Map<string, ReasonCount>()
  const torrents = new Map<string, string>()
  const peers = new Set<string>()
  let [records, firstMs, lastMs] = [0, Infinity, -Infinity]
  return {
    add(record: TraceRecord): void {
      records++
      firstMs = Math.min(firstMs, record.atMs)
      lastMs = Math.max(lastMs, record.atMs)
      const session = record.session ?? ''
      if (record.event === 'torrent') torrents.set(`${session}/${record.torrent}`, record.name)
      if ('peer' in record) peers.add(`${session}/${record.torrent}/${record.peer}`)
      const reason = reasonOf(record)
      const known = reasons.get(`${record.event} ${reason}`) ?? { event: record.event, reason, count: 0 }
      known.count++
      if (record.event === 'pick') known.blocks = (known.blocks ?? 0) + record.blocks
      reasons.set(`${record.event} ${reason}`, known)
    },
    result(events: readonly TraceRecord['event'][]): TraceSummary {
      const order = (count: ReasonCount): number => events.indexOf(count.event)
      return {
        records,
        seconds: records === 0 ? 0 : (lastMs - firstMs) / 1_000,
        torrents: [...new Set(torrents.values())],
        peers: peers.size,
        reasons: [...reasons.values()].toSorted((a, b) => order(a) - order(b) || b.count - a.count),
      }
    },
  }
}

/** What records are counted by: who decided, and the reason given. */
function reasonOf(record: TraceRecord): string {
  switch (record.event) {
    case 'torrent':
    case 'state':
      return record.state
    case 'join':
      return record.outgoing ? 'we dialled' : 'it dialled'
    case 'pick':
      return `${chooserOf(record)}: ${record.reason}`
    case 'unchoke':
    case 'choke':
      return `${record.choker}: ${record.reason}${record.changed ? '' : ' (as before)'}`
    case 'refuse':
      return `${record.stage}, ${record.plugin ?? 'core'}: ${record.reason}`
    case 'block-rejected':
      return record.plugin
    case 'announce-skipped':
      return `${record.plugin}: ${record.reason}`
    case 'strategy':
      return `${record.kind} ${record.from ?? 'none'} → ${record.to ?? 'none'}: ${record.reason}`
    case 'piece-verified':
    case 'piece-rejected':
    case 'limit':
      return ''
    default:
      return record.reason
  }
}

/** The summary for people. */
export function summaryText({ records, seconds, torrents, peers, reasons }: TraceSummary): string {
  const named = torrents.length === 0 ? '' : ` of ${torrents.join(', ')}`
  const head = `${records} records${named}, ${peers} ${peers === 1 ? 'peer' : 'peers'}, ${formatDuration(seconds)}`
  const lines = reasons.map(({ event, reason, count, blocks }, index) => {
    const kind = reasons[index - 1]?.event === event ? '' : event
    const asked = blocks === undefined ? '' : `  (${blocks} blocks)`
    return `${kind.padEnd(17)}${String(count).padStart(7)}  ${reason}${asked}`.trimEnd()
  })
  return [head, ...lines].map(printable).join('\n')
}

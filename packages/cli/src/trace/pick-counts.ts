import type { TraceRecord } from '@bitloom/core'
import { chooserOf, sentenceOfRecord } from './sentence.js'

type Pick = Extract<TraceRecord, { readonly event: 'pick' }>

/** How often counts are told while there is something to count. */
const everyMs = 10_000

/** Tells the first pick whole, and from then on every 10 s how many blocks were asked for which reason. */
export function countPicks(): (record: Pick) => string | undefined {
  let sinceMs: number | undefined
  const blocks = new Map<string, number>()
  return (record) => {
    if (sinceMs === undefined) {
      sinceMs = record.atMs
      return sentenceOfRecord(record)
    }
    const why = `${chooserOf(record)}, ${record.reason}`
    blocks.set(why, (blocks.get(why) ?? 0) + record.blocks)
    const seconds = Math.round((record.atMs - sinceMs) / 1_000)
    if (record.atMs - sinceMs < everyMs) return undefined
    const counts = [...blocks].toSorted(([, a], [, b]) => b - a).map(([reason, count]) => `${count} by ${reason}`)
    blocks.clear()
    sinceMs = record.atMs
    return `blocks asked in ${seconds}s: ${counts.join('; ')}`
  }
}

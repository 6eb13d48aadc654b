import type { TraceRecord } from '@bitloom/core'
import { formatBytes, formatDuration, printable } from '../output.js'

type Of<E extends TraceRecord['event']> = Extract<TraceRecord, { readonly event: E }>
type Facts = Of<'unchoke'> | Of<'choke'>

const count = (of: number, what: string): string => `${of} ${what}${of === 1 ? '' : 's'}`
const rate = (bytesPerSecond: number): string => `${formatBytes(bytesPerSecond)}/s`
const span = (ms: number): string => (Number.isFinite(ms) ? formatDuration(ms / 1_000) : 'good')

/** One plain sentence about every kind of record. */
const sentences: { readonly [E in TraceRecord['event']]: (record: Of<E>) => string } = {
  torrent: ({ name, pieceCount, state, infoHash }) =>
    `${name} (${infoHash}, ${pieceCount === 0 ? 'metadata unknown' : count(pieceCount, 'piece')}) is ${state}`,
  state: ({ state, reason }) => `the torrent is ${state}${because(reason)}`,
  join: ({ address, client, outgoing }) =>
    `${address} connected${client === undefined ? '' : `, ${client}`}: ${outgoing ? 'we dialled' : 'it dialled'}`,
  leave: ({ address, reason, downloadedBytes, uploadedBytes }) =>
    `${address} left: ${reason}; it gave ${formatBytes(downloadedBytes)} and got ${formatBytes(uploadedBytes)}`,
  pick: pickSentence,
  unchoke: (record) => {
    const { address, changed, reason, uploadBytesPerSecond: paced } = record
    return `${address} ${changed ? 'is unchoked' : 'stays unchoked'}: ${reason}${paced === undefined ? '' : `, at ${rate(paced)}`}; ${factsOf(record)}`
  },
  choke: (record) =>
    `${record.address} ${record.changed ? 'is choked' : 'stays choked'}: ${record.reason}; ${factsOf(record)}`,
  refuse: ({ address, stage, source, plugin, reason, banMs }) =>
    `${address} (${source}) is refused at "${stage}" by ${plugin === undefined ? 'core' : `the plugin ${plugin}`}: ${reason}${banMs === undefined ? '' : `; banned for ${span(banMs)}`}`,
  ban: ({ host, forMs, reason }) => `${host} is banned for ${span(forMs)}: ${reason}`,
  'block-rejected': ({ address, piece, begin, plugin, times }) =>
    `a block of piece ${piece} at ${begin} of ${address} is thrown away by the plugin ${plugin}, ${times === 1 ? 'the first time' : `time ${times}`}`,
  'piece-verified': ({ piece }) => `piece ${piece} is good and written`,
  'piece-rejected': ({ piece, contributors }) =>
    `piece ${piece} is bad; its blocks came of ${contributors.map(({ address }) => address).join(', ') || 'nobody'}`,
  'announce-skipped': ({ url, announce, plugin, reason }) =>
    `no ${announce === undefined ? '' : `"${announce}" `}announce to ${url}: the plugin ${plugin} says ${reason}`,
  strategy: ({ kind, from, to, reason }) => `the ${kind} is ${to ?? 'none'} instead of ${from ?? 'none'}: ${reason}`,
  limit: ({ downBytesPerSecond: down, upBytesPerSecond: up, maxPeers, uploadSlots, seedRatio, seedMs }) => {
    const limits = [
      down === undefined ? [] : [`${rate(down)} down`],
      up === undefined ? [] : [`${rate(up)} up`],
      maxPeers === undefined ? [] : [count(maxPeers, 'peer')],
      uploadSlots === undefined ? [] : [count(uploadSlots, 'upload slot')],
      seedRatio === undefined ? [] : [`seeds up to the ratio ${seedRatio ?? 'without end'}`],
      seedMs === undefined ? [] : [`seeds for ${span(seedMs ?? Infinity)}`],
    ].flat()
    return `limits of its own: ${limits.length === 0 ? 'none' : limits.join(', ')}`
  },
}

function because(reason: string | undefined): string {
  return reason === undefined ? '' : `: ${reason}`
}

function pickSentence(record: Of<'pick'>): string {
  const { address, piece, blocks, firstBlock, busy, availability, priority, allowedFast } = record
  const asked = `${address} is asked ${count(blocks, 'block')} of piece ${piece} from block ${firstBlock}`
  const facts = [
    `${count(availability, 'peer')} ${availability === 1 ? 'has' : 'have'} it`,
    `priority ${priority}`,
    ...(busy ? ['asked of others too'] : []),
    ...(allowedFast ? ['allowed fast while it chokes us'] : []),
  ]
  return `${asked}: ${chooserOf(record)}, ${record.reason}; ${facts.join(', ')}`
}

/** Who chose a piece: `picker rarest-first`, `tap of streaming`, `core`. */
export function chooserOf({ by, name }: Pick<Of<'pick'>, 'by' | 'name'>): string {
  if (by === 'endgame') return 'core'
  return by === 'tap' ? `tap of ${name ?? 'a plugin'}` : `picker ${name ?? ''}`
}

function factsOf({ reason, rank, slots, downRate, upRate, snubbed, seeding, choker, changedBy }: Facts): string {
  return [
    ...(rank === undefined ? [] : [`rank ${rank} of ${choker}`]),
    ...(reason === 'not interested' ? [] : [count(slots, 'slot')]),
    seeding ? `gets ${rate(upRate)}` : `gives ${rate(downRate)}, gets ${rate(upRate)}`,
    ...(snubbed ? ['snubbed'] : []),
    ...(changedBy.length === 0 ? [] : [`changed by ${changedBy.join(', ')}`]),
  ].join(', ')
}

/** One plain sentence about a record, without control characters. */
export function sentenceOfRecord(record: TraceRecord): string {
  const sentence = sentences[record.event] as (record: TraceRecord) => string
  return printable(sentence(record))
}

/** Decisions that come seldom: what `-v` prints. Picks, and verdicts that change nothing, are left to `-vv`. */
export function isRare(record: TraceRecord): boolean {
  switch (record.event) {
    case 'unchoke':
    case 'choke':
      return record.changed
    case 'refuse':
      return record.stage !== 'known'
    case 'ban':
    case 'block-rejected':
    case 'piece-rejected':
    case 'announce-skipped':
    case 'strategy':
    case 'limit':
      return true
    default:
      return false
  }
}

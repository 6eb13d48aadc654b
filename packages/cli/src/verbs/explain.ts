import type { TraceRecord } from '@bitloom/core'
import { CliError } from '../exit-codes.js'
import type { Runtime } from '../runtime.js'
import { readTrace } from '../trace/read-trace.js'
import { traceEvents } from '../trace/record-schema.js'
import { sentenceOfRecord } from '../trace/sentence.js'
import { createSummary, summaryText } from '../trace/summary.js'

interface ExplainOptions {
  readonly piece?: number
  readonly peer?: string
  readonly event?: readonly string[]
  readonly torrent?: string
}

/** `explain FILE`: what a trace says. Without a question the counts by reason, else a sentence for each record. */
export async function explain(
  runtime: Runtime,
  [source = '-']: readonly string[],
  options: ExplainOptions,
): Promise<number> {
  for (const event of options.event ?? []) {
    if (!(traceEvents as readonly string[]).includes(event)) {
      throw new CliError('USAGE', `--event ${event}: there are ${traceEvents.join(', ')}`)
    }
  }
  return isAsked(options) ? answer(runtime, source, options) : summarize(runtime, source)
}

function isAsked({ piece, peer, event, torrent }: ExplainOptions): boolean {
  return piece !== undefined || peer !== undefined || event !== undefined || torrent !== undefined
}

async function summarize(runtime: Runtime, source: string): Promise<number> {
  const summary = createSummary()
  for await (const record of readTrace(source, runtime)) summary.add(record)
  const result = summary.result(traceEvents)
  runtime.output.document(result)
  runtime.output.result(summaryText(result))
  return 0
}

async function answer(runtime: Runtime, source: string, options: ExplainOptions): Promise<number> {
  const { output } = runtime
  const torrents = new Map<string, string>()
  let startMs: number | undefined
  let found = 0
  for await (const record of readTrace(source, runtime)) {
    startMs ??= record.atMs
    if (record.event === 'torrent') torrents.set(torrentKey(record), record.name)
    if (!matches(record, options, torrents)) continue
    found++
    output.document(record)
    output.result(`${timeOf(record.atMs - startMs)}  ${whoseOf(record, torrents)}${sentenceOfRecord(record)}`)
  }
  if (found === 0) throw new CliError('NOT_FOUND', 'The trace says nothing about that')
  return 0
}

const torrentKey = ({ session, torrent }: TraceRecord): string => `${session ?? ''}/${torrent ?? ''}`

/** Seconds since the trace began. */
const timeOf = (ms: number): string => `+${(ms / 1_000).toFixed(3)}s`.padStart(10)

/** Names session and torrent where there are several. */
function whoseOf(record: TraceRecord, torrents: ReadonlyMap<string, string>): string {
  const session = record.session === undefined ? '' : `[${record.session}] `
  const name = torrents.size > 1 && record.event !== 'torrent' ? torrents.get(torrentKey(record)) : undefined
  return `${session}${name === undefined ? '' : `${name}: `}`
}

function matches(record: TraceRecord, options: ExplainOptions, torrents: ReadonlyMap<string, string>): boolean {
  const { piece, peer, event, torrent } = options
  if (piece !== undefined && !('piece' in record && record.piece === piece)) return false
  if (peer !== undefined && !addressesOf(record).some((address) => isAt(address, peer))) return false
  if (event !== undefined && !event.includes(record.event)) return false
  return torrent === undefined || record.torrent === torrent || torrents.get(torrentKey(record)) === torrent
}

/** Everybody a record speaks of. */
function addressesOf(record: TraceRecord): readonly string[] {
  if ('address' in record) return [record.address]
  if (record.event === 'ban') return [record.host]
  return record.event === 'piece-rejected' ? record.contributors.map(({ address }) => address) : []
}

/** `wanted` is `HOST`, `HOST:PORT` or `[HOST]:PORT`. */
function isAt(address: string, wanted: string): boolean {
  if (address === wanted) return true
  const host = /^(?:\[([^\]]+)\]|([^:]+)):\d+$/.exec(address)
  return (host?.[1] ?? host?.[2]) === wanted
}

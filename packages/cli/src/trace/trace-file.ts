import type { TraceRecord, TraceSink } from '@bitloom/core'
import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import { CliError, systemReason } from '../exit-codes.js'
import { printable } from '../output.js'
import type { Runtime } from '../runtime.js'
import { countPicks } from './pick-counts.js'
import { isRare, sentenceOfRecord } from './sentence.js'

/** Where a trace goes. */
export interface TraceFile {
  readonly sink: TraceSink
  /** Writes what is left. A trace that could not be written is told as a warning: it stops no transfer. */
  close(): Promise<void>
}

/** One line of a trace: compact JSON, `event` first, then the wall time (ISO 8601) where there is one, then the record. */
export function formatRecord({ event, ...fields }: TraceRecord, wallMs?: number): string {
  const time = wallMs === undefined ? {} : { time: new Date(wallMs).toISOString() }
  return JSON.stringify({ event, ...time, ...fields })
}

/**
 * Opens the file of `--trace`, `-` for standard output; a file that is there is replaced. `wallMs` is the clock on the wall;
 * records of a simulation have none.
 * @throws CliError CANNOT_CREATE
 */
export async function openTrace(
  target: string,
  runtime: Runtime,
  wallMs: () => number | undefined = Date.now,
): Promise<TraceFile> {
  if (target === '-') {
    const { stdout } = runtime.output
    return { sink: (record) => void stdout.write(`${formatRecord(record, wallMs())}\n`), close: async () => {} }
  }
  const path = resolve(runtime.cwd, target)
  const file = await open(path, 'w', 0o600).catch((cause: unknown) => {
    throw new CliError('CANNOT_CREATE', `The trace ${target} cannot be written: ${systemReason(cause)}`, {
      path,
      cause,
    })
  })
  const stream = file.createWriteStream()
  let isBroken = false
  stream.on('error', (error) => {
    isBroken = true
    runtime.output.warn(`the trace ${target} is incomplete: ${systemReason(error)}`)
  })
  return {
    sink: (record) => void (isBroken || stream.write(`${formatRecord(record, wallMs())}\n`)),
    close: () => new Promise((done) => (isBroken ? done() : stream.end(done))),
  }
}

/**
 * Prints decisions as they are made: with `-v` those that come seldom, and of the picks of each torrent the first and
 * then counts of their reasons, with `-vv` all. `undefined` without either.
 */
export function spokenTrace({ output, verbosity }: Pick<Runtime, 'output' | 'verbosity'>): TraceSink | undefined {
  if (verbosity === 0) return undefined
  const torrents = new Map<string, { readonly name: string; readonly picks: ReturnType<typeof countPicks> }>()
  return (record) => {
    if (record.event === 'torrent') torrents.set(record.torrent, { name: record.name, picks: countPicks() })
    const torrent = torrents.get(record.torrent ?? '')
    const isTold = verbosity > 1 || isRare(record)
    const text = isTold ? sentenceOfRecord(record) : record.event === 'pick' ? torrent?.picks(record) : undefined
    const about = torrents.size > 1 && torrent !== undefined ? `${printable(torrent.name)}: ` : ''
    if (text !== undefined) output.note(`why: ${about}${text}`)
  }
}

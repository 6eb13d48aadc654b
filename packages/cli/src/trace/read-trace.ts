import type { TraceRecord } from '@bitloom/core'
import { createReadStream } from 'node:fs'
import { resolve } from 'node:path'
import { CliError } from '../exit-codes.js'
import type { Runtime } from '../runtime.js'
import { readRecord } from './record-schema.js'

/** A line longer than this is no record. */
const longestLine = 1_048_576

/**
 * The records of a trace, in order: of a file, or of standard input (`-`). Lines of `--json` that are no records are passed
 * over. A last line that was cut off (the program was killed) is told as a warning.
 * @throws CliError TRACE_INVALID naming file and line; a system error with its path
 */
export async function* readTrace(source: string, runtime: Runtime): AsyncGenerator<TraceRecord> {
  const what = source === '-' ? 'standard input' : source
  let number = 0
  for await (const { line, isWhole } of linesOf(source, runtime)) {
    number++
    if (line.trim() === '') continue
    const value = parse(line)
    if (value === undefined && !isWhole) {
      runtime.output.warn(`${what}: line ${number}, the last, is cut off`)
      return
    }
    const record = value === undefined ? 'it is no JSON' : readRecord(value)
    if (typeof record === 'string') throw invalid(what, number, record)
    if (record !== undefined) yield record
  }
}

function invalid(what: string, line: number, why: string): CliError {
  return new CliError('TRACE_INVALID', `${what}: line ${line} is no line of a trace: ${why}`)
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line) as unknown
  } catch {
    return undefined
  }
}

interface Line {
  readonly line: string
  /** It ends with a newline. */
  readonly isWhole: boolean
}

async function* linesOf(source: string, runtime: Runtime): AsyncGenerator<Line> {
  let rest = ''
  for await (const text of chunksOf(source, runtime)) {
    const parts = (rest + text).split('\n')
    rest = parts.pop() ?? ''
    for (const line of parts) yield { line, isWhole: true }
    if (rest.length > longestLine) {
      throw new CliError(
        'TRACE_INVALID',
        `${source}: a line of more than ${longestLine} characters is no line of a trace`,
      )
    }
  }
  if (rest !== '') yield { line: rest, isWhole: false }
}

async function* chunksOf(source: string, runtime: Runtime): AsyncGenerator<string> {
  const { signal } = runtime.stop
  const path = resolve(runtime.cwd, source)
  const stream = source === '-' ? runtime.stdin : createReadStream(path)
  const stop = (): void => void ('destroy' in stream && (stream as { destroy(): void }).destroy())
  signal.addEventListener('abort', stop)
  const decoder = new TextDecoder()
  try {
    for await (const chunk of stream) {
      yield typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })
    }
    yield decoder.decode()
  } catch (error) {
    if (signal.aborted) throw new CliError('INTERRUPTED', 'Stopped before the trace was read')
    // Node names the path only where opening fails, not where reading does.
    throw error instanceof Error && source !== '-' ? Object.assign(error, { path }) : error
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

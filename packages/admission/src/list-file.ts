import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { BitloomError } from '@bitloom/core'
import { LineSplitter } from './line-splitter.js'
import { parseListLine } from './list-format.js'
import type { RangeTable } from './range-table.js'

/** What may become of a list file. */
export interface ListLimits {
  /** Of the text, so after decompression. */
  readonly maxListBytes: number
  readonly maxRanges: number
  /** Refuse a list with a line that is no range, instead of leaving the line out. */
  readonly strict: boolean
}

/** What came of one list file. */
export interface ListReport {
  readonly path: string
  readonly lines: number
  readonly ranges: number
  /** Lines that are neither range nor comment, and the number of the first of them. */
  readonly badLines: number
  readonly firstBadLine: number | undefined
}

/**
 * Reads a list, plain or gzip as its first bytes say, and adds its ranges to a table. It is streamed: memory follows the
 * ranges, not the size of the file.
 * @throws BitloomError INVALID_ARGUMENT: too large, too many ranges, a bad line if strict; IO: unreadable. All name the file
 */
export async function readListFile(
  path: string,
  limits: ListLimits,
  into: RangeTable,
  signal: AbortSignal,
): Promise<ListReport> {
  const reader = new ListReader(path, limits, into)
  try {
    await refuseFolder(path)
    const source = createReadStream(path)
    const drain = async (chunks: AsyncIterable<Buffer>): Promise<void> => {
      for await (const chunk of chunks) if (!reader.push(chunk)) return
    }
    await ((await isGzip(path))
      ? pipeline(source, createGunzip(), drain, { signal })
      : pipeline(source, drain, { signal }))
  } catch (cause) {
    if (reader.refusal !== undefined) throw reader.refusal
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new BitloomError('IO', `the list ${path} cannot be read: ${why}`, { cause })
  }
  const report = reader.end()
  if (reader.refusal !== undefined) throw reader.refusal
  return report
}

async function refuseFolder(path: string): Promise<void> {
  // A pipe or device might never end.
  if (!(await stat(path)).isFile()) throw new Error('it is no file')
}

async function isGzip(path: string): Promise<boolean> {
  const file = await open(path)
  try {
    const { bytesRead, buffer } = await file.read(new Uint8Array(2), 0, 2, 0)
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b
  } finally {
    await file.close()
  }
}

class ListReader {
  readonly #path: string
  readonly #limits: ListLimits
  readonly #into: RangeTable
  readonly #splitter = new LineSplitter((line) => this.#line(line))
  refusal: BitloomError | undefined
  #bytes = 0
  #lines = 0
  #ranges = 0
  #badLines = 0
  #firstBadLine: number | undefined

  constructor(path: string, limits: ListLimits, into: RangeTable) {
    this.#path = path
    this.#limits = limits
    this.#into = into
  }

  /** False when the list is refused: nothing more of it is wanted. */
  push(chunk: Buffer): boolean {
    this.#bytes += chunk.length
    if (this.#bytes > this.#limits.maxListBytes) this.#refuse(`it has more than ${this.#limits.maxListBytes} bytes`)
    else this.#splitter.push(chunk)
    return this.refusal === undefined
  }

  end(): ListReport {
    this.#splitter.end()
    return {
      path: this.#path,
      lines: this.#lines,
      ranges: this.#ranges,
      badLines: this.#badLines,
      firstBadLine: this.#firstBadLine,
    }
  }

  #line(text: string): void {
    if (this.refusal !== undefined) return
    this.#lines++
    const range = parseListLine(text)
    if (range === 'none') return
    if (range === 'bad') {
      if (this.#limits.strict) this.#refuse(`its line ${this.#lines} is no range of addresses`)
      this.#badLines++
      this.#firstBadLine ??= this.#lines
      return
    }
    this.#ranges++
    this.#into.add(range)
    if (this.#into.count > this.#limits.maxRanges) this.#refuse(`there are more than ${this.#limits.maxRanges} ranges`)
  }

  #refuse(why: string): void {
    this.refusal = new BitloomError('INVALID_ARGUMENT', `the list ${this.#path} is refused: ${why}`)
  }
}

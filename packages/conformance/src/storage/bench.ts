import type { Content, ReadonlyBits, Storage, StorageHandle } from '@bitloom/core'
import { broken, expectBytes, expectThat, show } from '../kit/expect.js'
import { rejection, within } from '../kit/settle.js'
import { streamBytes, wantedFiles } from './content.js'

export interface StorageBenchOptions {
  readonly storage: Storage | (() => Storage)
  directory?(): string | Promise<string>
}

/** Where and how a torrent is opened; default: a fresh place, and all files are wanted. */
export interface OpenPlace {
  readonly directory?: string
  readonly wanted?: ReadonlyBits
  readonly incompleteSuffix?: string
}

const never = new AbortController().signal

/** The storage of one test, with handles that are closed after it. */
export class StorageBench {
  readonly #options: StorageBenchOptions
  readonly #opened: StorageHandle[] = []
  readonly storage: Storage
  #folders = 0

  constructor(options: StorageBenchOptions) {
    this.#options = options
    this.storage = typeof options.storage === 'function' ? options.storage() : options.storage
  }

  /** A folder that is not used yet. */
  async directory(): Promise<string> {
    return (await this.#options.directory?.()) ?? `/conformance/${++this.#folders}`
  }

  async open(content: Content, place: OpenPlace = {}): Promise<OpenContent> {
    const directory = place.directory ?? (await this.directory())
    const suffix = place.incompleteSuffix === undefined ? {} : { incompleteSuffix: place.incompleteSuffix }
    const options = { directory, wantedFiles: place.wanted ?? wantedFiles(content), ...suffix }
    const handle = await within(this.storage.open(content, options, never), 'open')
    this.#opened.push(handle)
    return new OpenContent(handle, content)
  }

  async close(): Promise<void> {
    for (const handle of this.#opened.splice(0)) await within(handle.close(), 'close')
  }
}

/** One open torrent: what a test writes to it and expects of it. */
export class OpenContent {
  readonly handle: StorageHandle
  readonly content: Content

  constructor(handle: StorageHandle, content: Content) {
    this.handle = handle
    this.content = content
  }

  get pieces(): number[] {
    return Array.from({ length: this.content.layout.pieceCount }, (_, piece) => piece)
  }

  /** What belongs at a place of the stream. */
  expected(piece: number, begin = 0, lengthBytes = this.content.layout.pieceLength(piece) - begin): Uint8Array {
    return streamBytes(piece * this.content.layout.pieceLengthBytes + begin, lengthBytes)
  }

  async write(piece: number, begin = 0, bytes = this.expected(piece, begin)): Promise<void> {
    await within(this.handle.write(piece, begin, bytes), `write(${piece}, ${begin}, ${bytes.length} bytes)`)
  }

  async writeAll(): Promise<void> {
    for (const piece of this.pieces) await this.write(piece)
  }

  async read(
    piece: number,
    begin = 0,
    lengthBytes = this.content.layout.pieceLength(piece) - begin,
    purpose: 'verify' | 'serve' | 'stream' = 'verify',
  ): Promise<Uint8Array> {
    const bytes = new Uint8Array(lengthBytes).fill(0xee)
    await within(this.handle.read(piece, begin, [bytes], purpose), `read(${piece}, ${begin}, ${lengthBytes} bytes)`)
    return bytes
  }

  /** A whole piece reads as it should. */
  async expectPiece(piece: number, expected = this.expected(piece), when = ''): Promise<void> {
    expectBytes(await this.read(piece), expected, `${this.content.name}, piece ${piece}${when}`)
  }

  async expectAll(when: string): Promise<void> {
    for (const piece of this.pieces) await this.expectPiece(piece, this.expected(piece), when)
  }

  /** Which pieces may hold data; all where the storage does not know. */
  async present(): Promise<ReadonlyBits | undefined> {
    const present = await within(this.handle.present(), 'present')
    const { pieceCount } = this.content.layout
    if (present !== undefined && present.length !== pieceCount) {
      broken(`present() is a set of ${present.length}, expected one of ${pieceCount} pieces`)
    }
    return present
  }

  async expectPresent(pieces: readonly number[], when: string): Promise<void> {
    const present = await this.present()
    for (const piece of pieces) {
      expectThat(present?.has(piece) !== false, `present() lacks piece ${piece} ${when}`)
    }
  }
}

const storageCodes = ['NO_SPACE', 'DENIED', 'GONE', 'IO']

/** The call rejects, and with an error that core can act on. */
export async function expectStorageError(call: () => Promise<unknown>, what: string): Promise<void> {
  const error = await rejection(call, what)
  if (!(error instanceof Error)) return broken(`${what}: expected a StorageError, came ${show(error)}`)
  const { code, path, retry } = error as Partial<Record<'code' | 'path' | 'retry', unknown>>
  expectThat(
    storageCodes.includes(String(code)) && typeof path === 'string' && path !== '' && typeof retry === 'boolean',
    () =>
      `${what}: expected a StorageError with a code (${storageCodes.join(', ')}), a path and retry, came ${show(error)} ` +
      show({ code, path, retry }),
  )
}

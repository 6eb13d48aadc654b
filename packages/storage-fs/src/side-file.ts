import { Bits, type Content, type FileStamp, toHex, utf8, utf8Bytes } from '@bitloom/core'
import type { FileSystem, OpenFile } from '@bitloom/core/node'
import { factsOf, syncFolder } from './disk.js'
import { codeOf, storageError } from './file-errors.js'
import type { Handles } from './handle-pool.js'
import { readFully, writeFully } from './positional.js'
import { absolute, isMissing, openExisting, openOrCreate, type Place } from './safe-open.js'
import { createSideLayout, type SideSlot } from './side-layout.js'

/** The first bytes of a side file, then the info-hash that it belongs to (20 bytes), then one byte for each slot. */
const magic = utf8Bytes('bitloom-parts 1\n')
const hashBytes = 20
const flagsAt = magic.length + hashBytes

/**
 * Bytes that wanted pieces have in unwanted files, in one hidden sparse file beside the data instead of a stub for each
 * of those files. Its slots lie where `SideLayout` says; a byte in front says of each whether it holds data. Data is
 * written before its flag. A file with another beginning counts as empty and is written over.
 */
export class SideFile {
  readonly #layout
  readonly #hash: Uint8Array
  readonly #pool: Handles
  readonly #place: Place
  #held: Bits
  #header: Promise<void> | undefined
  #isDirty = false
  /** It was made since the last sync. */
  #isNew = false

  readonly #makeRoot: () => Promise<void>

  /** `makeRoot` makes the download folder, or rejects. */
  constructor(content: Content, root: string, pool: Handles, disk: FileSystem, makeRoot: () => Promise<void>) {
    this.#makeRoot = makeRoot
    this.#hash = hashOf(content)
    this.#layout = createSideLayout(content)
    this.#place = { disk, root, relativePath: sideFileName(content) }
    this.#pool = pool
    this.#held = new Bits(this.#layout.slots.length)
  }

  get name(): string {
    return this.#place.relativePath
  }

  get path(): string {
    return absolute(this.#place)
  }

  /** Learns what an earlier run left. */
  async load(): Promise<void> {
    // Of a torrent whose pieces are of one file each nothing is ever kept aside.
    if (this.#layout.slots.length === 0) return
    const head = new Uint8Array(flagsAt + this.#layout.slots.length)
    try {
      await this.#open('read', (handle) => readFully(handle, [head], 0))
    } catch (error) {
      if (isMissing(error)) return
      throw error
    }
    const isOurs = [...magic, ...this.#hash].every((byte, index) => head[index] === byte)
    if (!isOurs) return
    this.#header = Promise.resolve()
    for (const slot of this.#layout.slots) if (head[flagsAt + slot.index] === 1) this.#held.add(slot.index)
  }

  /** The slot of this byte, whether it holds data or not. */
  slotOf(file: number, offsetBytes: number): SideSlot | undefined {
    return this.#layout.slotOf(file, offsetBytes)
  }

  holds(slot: SideSlot): boolean {
    return this.#held.has(slot.index)
  }

  /** How it looks now; `undefined` = it is gone. */
  async stamp(): Promise<FileStamp | undefined> {
    const facts = await factsOf(this.#place.disk, 'lstat', this.path)
    return facts && { lengthBytes: facts.size, modifiedUs: Math.round(facts.mtimeMs * 1_000) }
  }

  get isEmpty(): boolean {
    return this.#held.count === 0
  }

  /** Files of which it holds data. */
  heldFiles(): Set<number> {
    return new Set(this.#layout.slots.filter((slot) => this.holds(slot)).map((slot) => slot.file))
  }

  /** Slots of a file that hold data. */
  heldBy(file: number): readonly SideSlot[] {
    return this.isEmpty ? [] : this.#layout.slotsOf(file).filter((slot) => this.holds(slot))
  }

  /** Writes a part of a slot, `offsetBytes` being the offset in the file. */
  async write(slot: SideSlot, offsetBytes: number, bytes: Uint8Array): Promise<void> {
    await this.#open('write', async (handle) => {
      await writeFully(handle, bytes, this.#positionOf(slot) + offsetBytes - slot.offsetBytes)
      if (!this.holds(slot)) await this.#flag(handle, slot, 1)
    })
    this.#held.add(slot.index)
    this.#isDirty = true
  }

  async #flag(handle: OpenFile, slot: SideSlot, value: 0 | 1): Promise<void> {
    this.#header ??= this.#writeHeader(handle)
    await this.#header
    await writeFully(handle, Uint8Array.of(value), flagsAt + slot.index)
  }

  async #writeHeader(handle: OpenFile): Promise<void> {
    const head = new Uint8Array(flagsAt + this.#layout.slots.length)
    head.set(magic)
    head.set(this.#hash, magic.length)
    try {
      await writeFully(handle, head, 0)
      this.#isNew = true
    } catch (error) {
      this.#header = undefined
      throw error
    }
  }

  #positionOf(slot: SideSlot): number {
    return flagsAt + this.#layout.slots.length + slot.at
  }

  /** Reads a part of a slot; answers how many bytes were there. */
  read(slot: SideSlot, offsetBytes: number, into: readonly Uint8Array[]): Promise<number> {
    const position = this.#positionOf(slot) + offsetBytes - slot.offsetBytes
    return this.#open('read', (handle) => readFully(handle, into, position))
  }

  /** Moves slots of a file to their real place, which is durable before the slot is forgotten. */
  async release(
    slots: readonly SideSlot[],
    place: (slot: SideSlot, bytes: Uint8Array) => Promise<void>,
  ): Promise<void> {
    for (const slot of slots) {
      const bytes = new Uint8Array(slot.lengthBytes)
      await this.read(slot, slot.offsetBytes, [bytes])
      await place(slot, bytes)
      await this.#open('write', (handle) => this.#flag(handle, slot, 0))
      this.#held.delete(slot.index)
      this.#isDirty = true
    }
    if (slots.length > 0 && this.isEmpty) await this.remove()
  }

  async sync(): Promise<void> {
    if (!this.#isDirty) return
    this.#isDirty = false
    try {
      await this.#open('write', (handle) => handle.datasync())
      if (this.#isNew) await syncFolder(this.#place.disk, this.#place.root)
      this.#isNew = false
    } catch (error) {
      this.#isDirty = true
      throw error
    }
  }

  async remove(): Promise<void> {
    await this.close()
    await this.#place.disk.unlink(this.path).catch((error: unknown) => {
      if (codeOf(error) !== 'ENOENT') throw storageError(error, this.path)
    })
    this.#held = new Bits(this.#layout.slots.length)
    this.#header = undefined
    this.#isDirty = false
  }

  async close(): Promise<void> {
    this.#pool.drop(this.path)
    await this.#pool.settled()
  }

  async #create(): Promise<OpenFile> {
    const options = { isExecutable: false, makeRoot: this.#makeRoot, created: () => {} }
    return (await openOrCreate(this.#place, options)).handle
  }

  async #open<T>(access: 'read' | 'write', use: (handle: OpenFile) => Promise<T>): Promise<T> {
    const openFile = async (): Promise<OpenFile> =>
      access === 'read' ? (await openExisting(this.#place, access)).handle : this.#create()
    try {
      return await this.#pool.use(this.path, access, openFile, use)
    } catch (error) {
      throw storageError(error, this.path)
    }
  }
}

/** The name's first bytes only: a file name has 255 at the most. */
const nameBytes = 200

/** Beside the torrent's own file or folder, and named after it. */
export function sideFileName(content: Content): string {
  const name = rootName(content)
  const bytes = utf8Bytes(name)
  const short = bytes.length <= nameBytes ? name : utf8(bytes.subarray(0, nameBytes)).replace(/\ufffd+$/, '')
  return `.${short}.${toHex(hashOf(content).subarray(0, 4))}.bitloom-parts`
}

/** What names the torrent, 20 bytes. */
export function hashOf({ infoHashes }: Pick<Content, 'infoHashes'>): Uint8Array {
  return (infoHashes.v1 ?? infoHashes.v2 ?? new Uint8Array(hashBytes)).subarray(0, hashBytes)
}

/** The torrent's own file or folder in the download folder. */
export function rootName(content: Pick<Content, 'files' | 'name'>): string {
  return content.files[0]?.path.split('/', 1)[0] ?? content.name
}

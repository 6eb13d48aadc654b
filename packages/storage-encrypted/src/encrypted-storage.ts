import { type Content, PluginError, type Storage, StorageError, type StorageHandle, wrapStorage } from '@bitloom/core'
import { torrentKey } from './key.js'
import { PieceCipher, unitBytes } from './piece-cipher.js'

/** What the storage gets from its plugin once the session runs. */
export interface Surroundings {
  readonly key: Uint8Array
  /** All storages of the session, now. */
  storages(): readonly Storage[]
}

const name = 'encrypted'

/** A storage over another one, which is looked up by its name when a torrent is opened. */
export function encryptedStorage(inner: string | undefined, surroundings: () => Surroundings): Storage {
  return {
    name,
    open: async (content, options, signal) => {
      const { key, storages } = surroundings()
      const below = storages().find((each) => each.name !== name && (inner === undefined || each.name === inner))
      if (below === undefined) throw missing(inner)
      const handle = await below.open(content, options, signal)
      return encryptedHandle(handle, content, new PieceCipher(torrentKey(key, content.infoHashes), content))
    },
  }
}

function missing(inner: string | undefined): PluginError {
  const what = inner === undefined ? 'another storage' : `the storage ${inner}`
  return new PluginError('PLUGIN_MISSING', `storage-encrypted needs ${what} below it, and there is none`, {
    plugin: 'storage-encrypted',
  })
}

function tooLong(path: string, piece: number): StorageError {
  return new StorageError('IO', `a write goes past the end of piece ${piece} of ${path}`, { path, retry: false })
}

/** A range of a piece, widened to whole units. */
interface Cover {
  readonly begin: number
  readonly lengthBytes: number
}

function encryptedHandle(inner: StorageHandle, content: Content, cipher: PieceCipher): StorageHandle {
  const { layout } = content
  /** Writes that change a part of a unit read it first: one at a time, so that none is lost. */
  let partWrites: Promise<void> = Promise.resolve()

  const coverOf = (piece: number, begin: number, end: number): Cover => {
    const from = begin - (begin % unitBytes)
    const to = Math.min(layout.pieceLength(piece), end + unitBytes - 1 - ((end + unitBytes - 1) % unitBytes))
    return { begin: from, lengthBytes: to - from }
  }

  const readWhole = async (
    piece: number,
    cover: Cover,
    purpose: 'verify' | 'serve' | 'stream',
  ): Promise<Uint8Array> => {
    const bytes = new Uint8Array(cover.lengthBytes)
    await inner.read(piece, cover.begin, [bytes], purpose)
    cipher.decrypt(piece, cover.begin, bytes)
    return bytes
  }

  const writePart = async (piece: number, begin: number, bytes: Uint8Array, cover: Cover): Promise<void> => {
    const whole = await readWhole(piece, cover, 'verify')
    whole.set(bytes, begin - cover.begin)
    await inner.write(piece, cover.begin, cipher.encrypt(piece, cover.begin, whole))
  }

  return wrapStorage(inner, {
    write: async (piece, begin, bytes) => {
      if (begin + bytes.length > layout.pieceLength(piece)) throw tooLong(content.name, piece)
      const cover = coverOf(piece, begin, begin + bytes.length)
      if (cover.lengthBytes === bytes.length) {
        await inner.write(piece, begin, cipher.encrypt(piece, begin, bytes))
        return
      }
      const write = partWrites.then(() => writePart(piece, begin, bytes, cover))
      partWrites = write.catch(() => undefined)
      await write
    },
    read: async (piece, begin, into, purpose) => {
      const lengthBytes = into.reduce((sum, { length }) => sum + length, 0)
      const cover = coverOf(piece, begin, begin + lengthBytes)
      const isEven =
        cover.lengthBytes === lengthBytes && into.slice(0, -1).every(({ length }) => length % unitBytes === 0)
      if (!isEven) {
        scatter((await readWhole(piece, cover, purpose)).subarray(begin - cover.begin), into)
        return
      }
      await inner.read(piece, begin, into, purpose)
      let at = begin
      for (const bytes of into) {
        cipher.decrypt(piece, at, bytes)
        at += bytes.length
      }
    },
  })
}

function scatter(bytes: Uint8Array, into: readonly Uint8Array[]): void {
  let at = 0
  for (const target of into) {
    target.set(bytes.subarray(at, at + target.length))
    at += target.length
  }
}

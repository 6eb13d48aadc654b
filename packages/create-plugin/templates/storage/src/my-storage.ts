import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import {
  Bits,
  type Content,
  type Storage,
  StorageError,
  type StorageHandle,
  fileSpans,
  infoHashName,
} from '@bitloom/core'

/** Every piece is a file of its own, named by its number, in a folder named by the info-hash. */
export function createStorage(): Storage {
  return {
    name: 'my-storage',
    open: async (content, { directory }) =>
      openPieces(content, join(directory, `${infoHashName(content.infoHashes)}.pieces`)),
  }
}

function openPieces(content: Content, folder: string): StorageHandle {
  const { pieceCount } = content.layout
  /** Pieces that were written or found: these must be there. */
  const known = new Set<number>()
  const unsynced = new Set<number>()
  let isClosed = false

  /** Runs `work` on the file of a piece. Whatever goes wrong is a StorageError. */
  async function withPiece<T>(piece: number, flags: number, work: (file: FileHandle) => Promise<T>): Promise<T> {
    const path = join(folder, String(piece))
    if (isClosed) throw new StorageError('GONE', `${folder} is closed`, { path, retry: false })
    try {
      const file = await open(path, flags)
      return await work(file).finally(() => file.close())
    } catch (error) {
      throw storageErrorOf(error, path)
    }
  }

  return {
    // Whole pieces, where core can afford them.
    extentBytes: Infinity,

    async write(piece, begin, bytes) {
      await mkdir(folder, { recursive: true }).catch((error: unknown) => {
        throw storageErrorOf(error, folder)
      })
      await withPiece(piece, constants.O_RDWR | constants.O_CREAT, (file) => writeAll(file, bytes, begin))
      known.add(piece)
      unsynced.add(piece)
    },

    async read(piece, begin, into) {
      let at = begin
      for (const target of into) target.fill(0)
      await withPiece(piece, constants.O_RDONLY, async (file) => {
        for (const target of into) {
          await readAll(file, target, at)
          clearPadding(content, piece, at, target)
          at += target.length
        }
      }).catch((error: unknown) => {
        const isHole = error instanceof StorageError && error.code === 'GONE' && !isClosed && !known.has(piece)
        if (!isHole) throw error
      })
    },

    async present() {
      const names = await readdir(folder).catch(() => [])
      const bits = new Bits(pieceCount)
      for (const piece of names.map(Number)) {
        if (!Number.isInteger(piece) || piece < 0 || piece >= pieceCount) continue
        bits.add(piece)
        known.add(piece)
      }
      return bits
    },

    async sync() {
      for (const piece of [...unsynced]) {
        unsynced.delete(piece)
        await withPiece(piece, constants.O_RDWR, (file) => file.sync()).catch((error: unknown) => {
          unsynced.add(piece)
          throw error
        })
      }
    },

    async close() {
      isClosed = true
    },

    async remove() {
      known.clear()
      unsynced.clear()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;)
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten
}

/** Reads as much as there is. */
async function readAll(file: FileHandle, into: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < into.length;) {
    const { bytesRead } = await file.read(into, done, into.length - done, position + done)
    if (bytesRead === 0) return
    done += bytesRead
  }
}

/** Padding between files reads as zeros, whatever was written there (BEP 47). */
function clearPadding(content: Content, piece: number, begin: number, bytes: Uint8Array): void {
  let at = 0
  for (const { file, lengthBytes } of fileSpans(content, piece, begin, bytes.length)) {
    if (content.files[file]?.padding === true) bytes.fill(0, at, at + lengthBytes)
    at += lengthBytes
  }
}

const codes: Readonly<Record<string, 'NO_SPACE' | 'DENIED' | 'GONE'>> = {
  ENOSPC: 'NO_SPACE',
  EDQUOT: 'NO_SPACE',
  EACCES: 'DENIED',
  EPERM: 'DENIED',
  EROFS: 'DENIED',
  ENOENT: 'GONE',
}

/** The code says what to tell the user, `retry` whether the same call may succeed later. */
function storageErrorOf(error: unknown, path: string): StorageError {
  if (error instanceof StorageError) return error
  const code = codes[(error as NodeJS.ErrnoException).code ?? ''] ?? 'IO'
  return new StorageError(code, `${path}: ${String(error)}`, { path, retry: code === 'NO_SPACE', cause: error })
}

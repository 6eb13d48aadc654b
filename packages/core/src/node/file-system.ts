import { readv, write } from 'node:fs'
import {
  copyFile,
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  rmdir,
  stat,
  statfs,
  unlink,
} from 'node:fs/promises'

/** What is asked of a file, as Node's `Stats` answers it. */
export interface FileFacts {
  readonly size: number
  readonly mtimeMs: number
  readonly nlink: number
  isFile(): boolean
  isDirectory(): boolean
  isSymbolicLink(): boolean
}

/** What is done with an open file. */
export interface OpenFile {
  write(bytes: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesWritten: number }>
  readv(into: readonly Uint8Array[], position: number): Promise<{ readonly bytesRead: number }>
  datasync(): Promise<void>
  sync(): Promise<void>
  stat(): Promise<FileFacts>
  close(): Promise<void>
}

/**
 * The calls of `node:fs/promises` by which plugins keep data and records on disk, so that a test can put a disk in their
 * place that fails, fills up, or loses its power. Errors carry the system's `code`.
 */
export interface FileSystem {
  open(path: string, flags: string | number, mode?: number): Promise<OpenFile>
  stat(path: string): Promise<FileFacts>
  lstat(path: string): Promise<FileFacts>
  statfs(path: string): Promise<{ readonly bavail: number; readonly bsize: number }>
  readdir(path: string): Promise<string[]>
  mkdir(path: string, options?: { readonly recursive?: boolean; readonly mode?: number }): Promise<string | undefined>
  rename(from: string, to: string): Promise<void>
  copyFile(from: string, to: string, mode?: number): Promise<void>
  unlink(path: string): Promise<void>
  rmdir(path: string): Promise<void>
}

/** The disk of this machine. */
export const systemFiles: FileSystem = {
  open: async (path, flags, mode) => byDescriptor(await open(path, flags, mode)),
  stat: (path) => stat(path),
  lstat: (path) => lstat(path),
  statfs: (path) => statfs(path),
  readdir: (path) => readdir(path),
  mkdir: (path, options) => mkdir(path, options),
  rename,
  copyFile,
  unlink,
  rmdir: (path) => rmdir(path),
}

/** Reads and writes by descriptor and callback: those of a `FileHandle` take three times as long on the main thread. */
function byDescriptor(handle: FileHandle): OpenFile {
  return {
    write: (bytes, offset, length, position) =>
      new Promise((resolve, reject) => {
        write(handle.fd, bytes, offset, length, position, (error, bytesWritten) => {
          if (error === null) resolve({ bytesWritten })
          else reject(error)
        })
      }),
    readv: (into, position) =>
      new Promise((resolve, reject) => {
        readv(handle.fd, into, position, (error, bytesRead) => {
          if (error === null) resolve({ bytesRead })
          else reject(error)
        })
      }),
    datasync: () => handle.datasync(),
    sync: () => handle.sync(),
    stat: () => handle.stat(),
    close: () => handle.close(),
  }
}

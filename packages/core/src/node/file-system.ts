import { close, fdatasync, fstat, fsync, lstat, open, readv, type Stats, stat, write } from 'node:fs'
import { copyFile, mkdir, readdir, rename, rmdir, statfs, unlink } from 'node:fs/promises'

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
  open: (path, flags, mode) =>
    new Promise((resolve, reject) => {
      open(path, flags, mode, (error, descriptor) => {
        if (error === null) resolve(new Descriptor(descriptor))
        else reject(error)
      })
    }),
  stat: (path) => looked((done) => stat(path, done)),
  lstat: (path) => looked((done) => lstat(path, done)),
  statfs: (path) => statfs(path),
  readdir: (path) => readdir(path),
  mkdir: (path, options) => mkdir(path, options),
  rename,
  copyFile,
  unlink,
  rmdir: (path) => rmdir(path),
}

/** With a callback: the promises of Node take more. */
function looked(look: (done: (error: Error | null, facts: Stats) => void) => void): Promise<FileFacts> {
  return new Promise((resolve, reject) => {
    look((error, facts) => {
      if (error === null) resolve(facts)
      else reject(error)
    })
  })
}

/**
 * An open file by its descriptor: to open and close a `FileHandle` takes three times the CPU time, and so do its reads and
 * writes on the main thread. Whoever closes it has no call under way.
 */
class Descriptor implements OpenFile {
  /** -1 = closed: the system may have given the number to another file. */
  #number: number

  constructor(number: number) {
    this.#number = number
  }

  write(bytes: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesWritten: number }> {
    return this.#call((file, done) =>
      write(file, bytes, offset, length, position, (error, bytesWritten) => done(error, { bytesWritten })),
    )
  }

  readv(into: readonly Uint8Array[], position: number): Promise<{ bytesRead: number }> {
    return this.#call((file, done) => readv(file, into, position, (error, bytesRead) => done(error, { bytesRead })))
  }

  datasync(): Promise<void> {
    return this.#call((file, done) => fdatasync(file, (error) => done(error, undefined)))
  }

  sync(): Promise<void> {
    return this.#call((file, done) => fsync(file, (error) => done(error, undefined)))
  }

  stat(): Promise<FileFacts> {
    return this.#call((file, done) => fstat(file, done))
  }

  close(): Promise<void> {
    return this.#call((file, done) => {
      this.#number = -1
      close(file, (error) => done(error ?? null, undefined))
    })
  }

  #call<T>(call: (file: number, done: (error: Error | null, value: T) => void) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#number === -1) throw Object.assign(new Error('EBADF: the file is closed'), { code: 'EBADF' })
      call(this.#number, (error, value) => {
        if (error === null) resolve(value)
        else reject(error)
      })
    })
  }
}

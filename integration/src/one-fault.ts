import { Socket } from 'node:net'
import { type FileSystem, type OpenFile, systemFiles } from '@bitloom/core/node'

/** Of the calls that are counted, the n-th fails, whichever it is; all are, or those of one name only. */
export class OneFault {
  readonly #nth: number
  readonly #only: string | undefined
  #count = 0
  /** The call that failed: "file write", "socket write" …; `undefined` as long as none did. */
  struck: string | undefined

  constructor(nth: number, only?: string) {
    this.#nth = nth
    this.#only = only
  }

  /** Counts a call; answers whether it is the one that fails. */
  strikes(call: string): boolean {
    if (call !== (this.#only ?? call) || ++this.#count !== this.#nth) return false
    this.struck = call
    return true
  }
}

function systemError(code: string, syscall: string): Error {
  return Object.assign(new Error(`${code}: on purpose, ${syscall}`), { code, syscall })
}

/** The disk of this machine, of which one call fails with EIO; a write that fails has written half of its bytes. */
export function diskWith(fault: OneFault): FileSystem {
  const counted =
    <A extends readonly unknown[], T>(name: string, call: (...args: A) => Promise<T>) =>
    async (...args: A): Promise<T> => {
      if (fault.strikes(`file ${name}`)) throw systemError('EIO', name)
      return call(...args)
    }
  const openFile = (file: OpenFile): OpenFile => ({
    write: async (bytes, offset, length, position) => {
      if (!fault.strikes('file write')) return file.write(bytes, offset, length, position)
      await file.write(bytes, offset, length >> 1, position)
      throw systemError('EIO', 'write')
    },
    readv: counted('readv', file.readv.bind(file)),
    datasync: counted('datasync', file.datasync.bind(file)),
    sync: counted('sync', file.sync.bind(file)),
    stat: counted('fstat', file.stat.bind(file)),
    close: async () => {
      // The descriptor is gone also where the system tells of an error.
      await file.close()
      if (fault.strikes('file close')) throw systemError('EIO', 'close')
    },
  })
  return {
    open: counted('open', async (path, flags, mode) => openFile(await systemFiles.open(path, flags, mode))),
    stat: counted('stat', systemFiles.stat),
    lstat: counted('lstat', systemFiles.lstat),
    statfs: counted('statfs', systemFiles.statfs),
    readdir: counted('readdir', systemFiles.readdir),
    mkdir: counted('mkdir', systemFiles.mkdir),
    rename: counted('rename', systemFiles.rename),
    copyFile: counted('copyFile', systemFiles.copyFile),
    unlink: counted('unlink', systemFiles.unlink),
    rmdir: counted('rmdir', systemFiles.rmdir),
  }
}

type Write = (this: Socket, ...args: unknown[]) => void

/**
 * Counts the writes of TCP sockets that have a fault. The one that fails ends as the system's would: EPIPE for whoever
 * wrote, and the socket destroyed. The answer undoes it.
 */
export function failSockets(faultOf: (socket: Socket) => OneFault | undefined): () => void {
  const prototype = Socket.prototype as unknown as Record<'_write' | '_writev', Write>
  const { _write, _writev } = prototype
  const failing = (write: Write): Write =>
    function (this: Socket, ...args) {
      if (faultOf(this)?.strikes('socket write') !== true) return write.apply(this, args)
      const done = args.at(-1) as (error: Error) => void
      done(systemError('EPIPE', 'write'))
    }
  Object.assign(prototype, { _write: failing(_write), _writev: failing(_writev) })
  return () => void Object.assign(prototype, { _write, _writev })
}

import { type Plugin, pluginContract, Storage } from '@bitloom/core'
import { type FileSystem, type OpenFile, systemFiles } from '@bitloom/core/node'
import { fileStorage } from '@bitloom/storage-fs'

/** Calls of an open file that can fail. */
type Failing = 'write' | 'readv' | 'datasync' | 'open'

/** The disk of this machine, which can be told to fail. */
export interface FaultyDisk {
  readonly files: FileSystem
  /** From now on these calls fail with this code of the system; `undefined` = they work. */
  fail(call: Failing, code: string | undefined): void
  /** No call that looks at a file or writes to it is under way. */
  isIdle(): boolean
}

export function faultyDisk(): FaultyDisk {
  const faults = new Map<Failing, string>()
  const check = (call: Failing): void => {
    const code = faults.get(call)
    if (code !== undefined) throw Object.assign(new Error(`${code}: on purpose`), { code, syscall: call })
  }
  let busy = 0
  const during = async <T>(call: () => Promise<T>): Promise<T> => {
    busy++
    try {
      return await call()
    } finally {
      busy--
    }
  }
  const wrap = (file: OpenFile): OpenFile => ({
    write: async (bytes, offset, length, position) => {
      check('write')
      return during(() => file.write(bytes, offset, length, position))
    },
    readv: async (into, position) => {
      check('readv')
      return file.readv(into, position)
    },
    datasync: async () => {
      check('datasync')
      return file.datasync()
    },
    sync: () => file.sync(),
    stat: () => during(() => file.stat()),
    close: () => file.close(),
  })
  const files: FileSystem = {
    ...systemFiles,
    open: async (path, flags, mode) => {
      check('open')
      return wrap(await systemFiles.open(path, flags, mode))
    },
  }
  return {
    files,
    fail: (call, code) => void (code === undefined ? faults.delete(call) : faults.set(call, code)),
    isIdle: () => busy === 0,
  }
}

/** Binds a storage named "faulty" on that disk. */
export function faultyStorage({ files }: FaultyDisk): Plugin {
  const storage: Storage = { ...fileStorage({ maxOpenFiles: 8, extentBytes: 1_048_576 }, files), name: 'faulty' }
  return {
    name: 'faulty-storage',
    contract: pluginContract,
    bind: (bindings) => bindings.value(Storage, storage),
  }
}

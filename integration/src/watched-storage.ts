import { type Plugin, pluginContract, type ReadPurpose, Storage, type StorageHandle } from '@bitloom/core'

/** What passed through a watched storage, in bytes. */
export interface StorageTraffic {
  readonly written: number
  /** Calls of `write` so far, failed ones too. */
  readonly writeCalls: number
  readonly read: Readonly<Record<ReadPurpose, number>>
}

export interface WatchedStorage {
  readonly traffic: StorageTraffic
  /** Binds a storage named "watched" in front of the one named "fs". */
  readonly plugin: Plugin
}

/** A storage middleware that counts, and that may change what was read. */
export function watchedStorage(
  changeRead: (buffers: readonly Uint8Array[], purpose: ReadPurpose, piece: number) => void = () => {},
): WatchedStorage {
  const traffic = { written: 0, writeCalls: 0, read: { verify: 0, serve: 0, stream: 0 } }
  let storages: () => readonly Storage[] = () => []

  const watch = (inner: StorageHandle): StorageHandle => {
    const { want, remove, freeBytes, stamps } = inner
    return {
      extentBytes: inner.extentBytes,
      write: async (piece, begin, bytes) => {
        traffic.writeCalls++
        await inner.write(piece, begin, bytes)
        traffic.written += bytes.length
      },
      read: async (piece, begin, into, purpose) => {
        await inner.read(piece, begin, into, purpose)
        traffic.read[purpose] += into.reduce((sum, buffer) => sum + buffer.length, 0)
        changeRead(into, purpose, piece)
      },
      present: () => inner.present(),
      sync: () => inner.sync(),
      close: () => inner.close(),
      ...(want === undefined ? {} : { want: (files) => want.call(inner, files) }),
      ...(remove === undefined ? {} : { remove: () => remove.call(inner) }),
      ...(stamps === undefined ? {} : { stamps: () => stamps.call(inner) }),
      ...(freeBytes === undefined ? {} : { freeBytes: () => freeBytes.call(inner) }),
    }
  }
  const storage: Storage = {
    name: 'watched',
    open: async (content, options, signal) => {
      const inner = storages().find(({ name }) => name === 'fs')
      if (inner === undefined) throw new Error('there is no storage named fs')
      return watch(await inner.open(content, options, signal))
    },
  }
  return {
    traffic,
    plugin: {
      name: 'watched-storage',
      contract: pluginContract,
      bind: (bindings) => bindings.value(Storage, storage),
      apply: (host) => {
        storages = () => host.all(Storage)
      },
    },
  }
}

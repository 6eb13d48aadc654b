import type { StorageHandle } from './storage.js'

/**
 * A storage handle that answers some calls itself and passes all others on: the base of a storage middleware. Spreading
 * a handle (`{...inner}`) would lose the methods of a class; optional methods are there exactly when the inner one has them.
 */
export function wrapStorage(inner: StorageHandle, overrides: Partial<StorageHandle>): StorageHandle {
  const { want, move, rename, complete, remove, freeBytes, stamps } = inner
  return {
    extentBytes: inner.extentBytes,
    write: (piece, begin, bytes) => inner.write(piece, begin, bytes),
    read: (piece, begin, into, purpose) => inner.read(piece, begin, into, purpose),
    present: () => inner.present(),
    sync: () => inner.sync(),
    close: () => inner.close(),
    ...(want === undefined ? {} : { want: (files) => want.call(inner, files) }),
    ...(move === undefined ? {} : { move: (directory) => move.call(inner, directory) }),
    ...(rename === undefined ? {} : { rename: (paths) => rename.call(inner, paths) }),
    ...(complete === undefined ? {} : { complete: (files) => complete.call(inner, files) }),
    ...(remove === undefined ? {} : { remove: () => remove.call(inner) }),
    ...(freeBytes === undefined ? {} : { freeBytes: () => freeBytes.call(inner) }),
    ...(stamps === undefined ? {} : { stamps: () => stamps.call(inner) }),
    ...overrides,
  }
}

import { isBitloomError, StorageError } from '@bitloom/core'

type Kind = 'NO_SPACE' | 'DENIED' | 'GONE' | 'IO'

/** System error codes: what they are to a storage, in words, and whether the same call may succeed later. */
const kinds: Readonly<Record<string, readonly [code: Kind, reason: string, retry: boolean]>> = {
  ENOSPC: ['NO_SPACE', 'the disk is full', true],
  EDQUOT: ['NO_SPACE', 'the disk quota is used up', true],
  EFBIG: ['IO', 'the file would be too large for this file system', false],
  EACCES: ['DENIED', 'permission was denied', true],
  EPERM: ['DENIED', 'permission was denied', true],
  EROFS: ['DENIED', 'the file system is read-only', true],
  ELOOP: ['DENIED', 'a symbolic link is in its place', false],
  ENOENT: ['GONE', 'it is missing', false],
  ENOTDIR: ['GONE', 'a folder in its path is no folder', false],
  EISDIR: ['GONE', 'a folder is in its place', false],
  ENXIO: ['GONE', 'something that is no file is in its place', false],
  ESTALE: ['GONE', 'it was changed underneath', false],
  ENODEV: ['GONE', 'its device is missing', true],
  EMFILE: ['IO', 'too many files are open', true],
  ENFILE: ['IO', 'too many files are open', true],
  ENAMETOOLONG: ['IO', 'its name is too long for this file system', false],
  EIO: ['IO', 'the device failed', true],
}

/** A `StorageError` that names the path in one plain sentence; one that is such already passes unchanged. */
export function storageError(error: unknown, path: string): StorageError {
  if (error instanceof StorageError) return error
  if (isBitloomError(error)) return new StorageError('IO', error.message, { path, retry: false, cause: error })
  const code = codeOf(error)
  const [kind, reason, retry] = kinds[code] ?? ['IO', `it failed (${code})`, true]
  return new StorageError(kind, `${path}: ${reason}`, { path, retry, cause: error })
}

/** The system's code of an error, "ENOENT". */
export function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : 'unknown error'
}

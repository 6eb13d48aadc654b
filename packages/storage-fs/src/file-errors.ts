import { isBitloomError, StorageError } from '@bitloom/core'

type Kind = 'NO_SPACE' | 'DENIED' | 'GONE' | 'IO'

const kinds: Readonly<Record<string, readonly [Kind, string, boolean]>> = {
  ENOSPC: ['NO_SPACE', 'the disk is full', true],
  EDQUOT: ['NO_SPACE', 'the quota is used up', true],
  EFBIG: ['IO', 'the file would be too large for this file system', false],
  EACCES: ['DENIED', 'permission was denied', true],
  EPERM: ['DENIED', 'permission was denied', true],
  EROFS: ['DENIED', 'the file system is read-only', true],
  ENOENT: ['GONE', 'it is missing', false],
  ENOTDIR: ['GONE', 'a folder in its path is a file', false],
  EISDIR: ['GONE', 'a folder is in its place', false],
  ELOOP: ['DENIED', 'a symbolic link is in its place', false],
  EMFILE: ['IO', 'too many files are open', true],
  ENFILE: ['IO', 'too many files are open', true],
}

/** A `StorageError` that names the path in one plain sentence. */
export function storageError(error: unknown, path: string): StorageError {
  if (error instanceof StorageError) return error
  if (isBitloomError(error)) return new StorageError('IO', error.message, { path, retry: false, cause: error })
  const code = codeOf(error)
  const [kind, reason, retry] = kinds[code] ?? ['IO', `it failed (${code})`, true]
  return new StorageError(kind, `${path}: ${reason}`, { path, retry, cause: error })
}

export function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : 'unknown error'
}

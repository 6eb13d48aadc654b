import { BitloomError } from '../bytes/errors.js'

/** What a port threw or rejected with, which may be anything, as an error. */
export function asError(error: unknown): Error {
  return error instanceof Error ? error : new BitloomError('IO', String(error))
}

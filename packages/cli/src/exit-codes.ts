import { type ErrorCode, isBitloomError } from '@bitloom/core'

/** Every exit code of the binary, with one line of meaning. The numbers follow aria2's table where it has one. */
export const exitCodes = {
  done: { exit: 0, meaning: 'done' },
  other: { exit: 1, meaning: 'another error' },
  timeout: { exit: 2, meaning: 'the time was up' },
  notFound: { exit: 3, meaning: 'not found' },
  stalled: { exit: 5, meaning: 'the transfer stalled' },
  network: { exit: 6, meaning: 'the network failed, or no peer was met' },
  unfinished: { exit: 7, meaning: 'stopped by a signal before it was finished' },
  diskFull: { exit: 9, meaning: 'the disk is full' },
  alreadyRunning: { exit: 12, meaning: 'the same torrent is already running' },
  fileExists: { exit: 13, meaning: 'the file exists already' },
  cannotOpen: { exit: 15, meaning: 'a file could not be opened' },
  cannotCreate: { exit: 16, meaning: 'a file could not be created' },
  ioError: { exit: 17, meaning: 'reading or writing failed' },
  cannotMakeFolder: { exit: 18, meaning: 'a folder could not be made' },
  badBencode: { exit: 25, meaning: 'the bencode cannot be read' },
  badTorrent: { exit: 26, meaning: 'the torrent cannot be used' },
  badMagnet: { exit: 27, meaning: 'the magnet link cannot be used' },
  usage: { exit: 28, meaning: 'the command line, the environment or the configuration is wrong' },
  dataDiffers: { exit: 32, meaning: 'the data does not match the torrent' },
  pluginFailed: { exit: 40, meaning: 'a plugin failed to load' },
  pluginContract: { exit: 41, meaning: 'a plugin was written for another version of the contract' },
  forcedStop: { exit: 130, meaning: 'stopped at once by a second signal' },
} as const

export type ExitName = keyof typeof exitCodes

/** What a failure of the command line itself is called in `error` events, beside the codes of core. */
export type CliErrorCode =
  | 'USAGE'
  | 'TIMEOUT'
  | 'STALLED'
  | 'NO_PEERS'
  | 'INTERRUPTED'
  | 'ALREADY_RUNNING'
  | 'FILE_EXISTS'
  | 'CANNOT_CREATE'
  | 'CANNOT_MAKE_FOLDER'
  | 'DATA_DIFFERS'
  | 'NOT_FOUND'
  | 'NETWORK'
  | 'MAGNET_UNSUPPORTED'
  | 'TRACE_INVALID'
  | 'OTHER'

const exitOfCliCode: Readonly<Record<CliErrorCode, ExitName>> = {
  USAGE: 'usage',
  TIMEOUT: 'timeout',
  STALLED: 'stalled',
  NO_PEERS: 'network',
  INTERRUPTED: 'unfinished',
  ALREADY_RUNNING: 'alreadyRunning',
  FILE_EXISTS: 'fileExists',
  CANNOT_CREATE: 'cannotCreate',
  CANNOT_MAKE_FOLDER: 'cannotMakeFolder',
  DATA_DIFFERS: 'dataDiffers',
  NOT_FOUND: 'notFound',
  NETWORK: 'network',
  MAGNET_UNSUPPORTED: 'badMagnet',
  TRACE_INVALID: 'other',
  OTHER: 'other',
}

const exitOfCoreCode: Readonly<Record<ErrorCode, ExitName>> = {
  BENCODE_SYNTAX: 'badBencode',
  BENCODE_LIMIT: 'badBencode',
  METAINFO_INVALID: 'badTorrent',
  METAINFO_LIMIT: 'badTorrent',
  METAINFO_UNSUPPORTED: 'badTorrent',
  MAGNET_INVALID: 'badMagnet',
  PATH_INVALID: 'badTorrent',
  PROTOCOL_VIOLATION: 'network',
  PROTOCOL_LIMIT: 'network',
  HANDSHAKE_FAILED: 'network',
  TRACKER_FAILURE: 'network',
  TRACKER_UNREACHABLE: 'network',
  TRACKER_INVALID: 'network',
  TRACKER_UNSUPPORTED: 'network',
  TRACKER_FORBIDDEN: 'network',
  NO_SPACE: 'diskFull',
  DENIED: 'cannotOpen',
  GONE: 'notFound',
  IO: 'ioError',
  RESUME_INVALID: 'other',
  LOCKED: 'alreadyRunning',
  PLUGIN_FAILED: 'pluginFailed',
  PLUGIN_INVALID: 'pluginFailed',
  PLUGIN_CONTRACT: 'pluginContract',
  PLUGIN_OPTIONS: 'usage',
  PLUGIN_DUPLICATE: 'pluginFailed',
  PLUGIN_MISSING: 'pluginFailed',
  PLUGIN_IN_USE: 'pluginFailed',
  DUPLICATE: 'alreadyRunning',
  NOT_FOUND: 'notFound',
  INVALID_ARGUMENT: 'usage',
  ADDRESS_IN_USE: 'network',
  CLOSED: 'other',
}

const exitOfSystemCode: Readonly<Record<string, ExitName>> = {
  ENOENT: 'notFound',
  ENOTDIR: 'notFound',
  EACCES: 'cannotOpen',
  EPERM: 'cannotOpen',
  EISDIR: 'cannotOpen',
  EMFILE: 'cannotOpen',
  ENFILE: 'cannotOpen',
  ELOOP: 'cannotOpen',
  EEXIST: 'fileExists',
  EROFS: 'cannotCreate',
  ENOSPC: 'diskFull',
  EDQUOT: 'diskFull',
  EIO: 'ioError',
  EADDRINUSE: 'network',
  EADDRNOTAVAIL: 'network',
  ECONNREFUSED: 'network',
  ECONNRESET: 'network',
  EHOSTUNREACH: 'network',
  ENETUNREACH: 'network',
  ENOTFOUND: 'network',
  EAI_AGAIN: 'network',
  ETIMEDOUT: 'network',
}

/** A failure of the command line: one plain sentence that names the thing, and a code. */
export class CliError extends Error {
  readonly code: CliErrorCode
  readonly path: string | undefined

  constructor(code: CliErrorCode, message: string, options: { readonly path?: string; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'CliError'
    this.code = code
    this.path = options.path
  }
}

/** The exit code of a failure: by our own code, core's, or the system's; of several gathered errors, that of the first. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CliError) return exitCodes[exitOfCliCode[error.code]].exit
  if (error instanceof AggregateError && error.errors.length > 0) return exitCodeOf(error.errors[0])
  if (isBitloomError(error)) return exitCodes[storageExit(error) ?? exitOfCoreCode[error.code] ?? 'other'].exit
  return exitCodes[exitOfSystemCode[systemCode(error)] ?? 'other'].exit
}

/** A refused permission is told apart by what was tried: reading, creating a file, or making a folder. */
function storageExit(error: { readonly code: ErrorCode; readonly cause?: unknown }): ExitName | undefined {
  if (error.code !== 'DENIED' && error.code !== 'IO' && error.code !== 'GONE') return undefined
  const cause = error.cause
  if (typeof cause !== 'object' || cause === null || !('syscall' in cause)) return undefined
  if (cause.syscall === 'mkdir') return 'cannotMakeFolder'
  return error.code === 'DENIED' && cause.syscall !== 'read' ? 'cannotCreate' : undefined
}

/** The stable code of a failure as `error` events carry it. */
export function errorCodeOf(error: unknown): string {
  if (error instanceof CliError || isBitloomError(error)) return error.code
  if (error instanceof AggregateError && error.errors.length > 0) return errorCodeOf(error.errors[0])
  return systemCode(error) || 'OTHER'
}

/** `ENOENT` and its like, or an empty text. */
export function systemCode(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return ''
  return typeof error.code === 'string' ? error.code : ''
}

/** What failures of several torrents have in common: the code, and that of the system behind it; else the sentence. */
export function causeOf(error: unknown): string {
  const code = errorCodeOf(error)
  const behind = systemCode(error instanceof Error ? error.cause : undefined)
  return code === 'OTHER' ? sentenceOf(error) : `${code} ${behind}`
}

const systemSentences: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  ENOTDIR: 'a part of the path is no folder',
  EACCES: 'permission denied',
  EPERM: 'the system does not permit it',
  EISDIR: 'it is a folder',
  EEXIST: 'it exists already',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EIO: 'the device failed',
  EMFILE: 'too many open files',
  ELOOP: 'too many symbolic links',
  EADDRINUSE: 'the address is taken',
  EADDRNOTAVAIL: 'this machine has no such address',
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was reset',
  ENOTFOUND: 'the host name is not known',
  ETIMEDOUT: 'no answer came in time',
}

/** What a system error means, without its path: "permission denied". */
export function systemReason(error: unknown): string {
  return systemSentences[systemCode(error)] ?? (error instanceof Error ? error.message : String(error))
}

/** One plain sentence about any failure. */
export function sentenceOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(sentenceOf).join('; ')
  if (error instanceof CliError || isBitloomError(error)) return error.message
  const path = pathOf(error)
  if (path !== undefined && systemCode(error) in systemSentences) return `${path}: ${systemReason(error)}`
  return error instanceof Error ? error.message : String(error)
}

/** The file or folder a failure is about, where it has one. */
export function pathOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('path' in error)) return undefined
  return typeof error.path === 'string' ? error.path : undefined
}

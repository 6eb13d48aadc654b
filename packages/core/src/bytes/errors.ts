/**
 * The one family of errors that leaves Bitloom. Every error carries a stable `code`; callers branch on the code or on
 * the subclass that brings data. Classes are branded, so that two copies of core in one process know each other's errors.
 */

/** Every code with one line of meaning. The table in `docs/ERRORS.md` is generated from here. */
export const errorCodes = {
  BENCODE_SYNTAX: 'the bytes are not valid bencode',
  BENCODE_LIMIT: 'the bencoded value is larger or deeper than allowed',
  METAINFO_INVALID: 'the torrent file breaks a rule of its format',
  METAINFO_LIMIT: 'the torrent file is larger than allowed',
  METAINFO_UNSUPPORTED: 'the torrent is valid, and this version cannot do that with it yet',
  MAGNET_INVALID: 'the magnet link cannot be read',
  PATH_INVALID: 'a path is missing, empty, of a wrong type, not safe, or taken',
  PROTOCOL_VIOLATION: 'the remote peer broke the protocol',
  PROTOCOL_LIMIT: 'the remote peer went over a limit',
  HANDSHAKE_FAILED: 'no BitTorrent handshake came, or not the expected one',
  TRACKER_FAILURE: 'the tracker answered with a failure reason',
  TRACKER_UNREACHABLE: 'the tracker could not be reached or did not answer in time',
  TRACKER_INVALID: 'the answer of the tracker cannot be read',
  TRACKER_UNSUPPORTED: 'no plugin speaks the scheme of this tracker, or the tracker lacks this operation',
  TRACKER_FORBIDDEN: 'the tracker address is refused by the safety rules',
  NO_SPACE: 'the disk is full',
  DENIED: 'permission was denied',
  GONE: 'a file or folder is missing or was changed underneath',
  IO: 'reading or writing failed',
  RESUME_INVALID: 'a resume record cannot be used',
  LOCKED: 'another process uses the state folder, or this record of it',
  PLUGIN_FAILED: 'a plugin threw, rejected or did not answer in time',
  PLUGIN_INVALID: 'a plugin breaks the plugin contract',
  PLUGIN_CONTRACT: 'a plugin was written for another version of the contract',
  PLUGIN_OPTIONS: 'the options of a plugin are wrong',
  PLUGIN_DUPLICATE: 'two plugins have one name, or bind the same single port',
  PLUGIN_MISSING: 'something that a plugin or a torrent requires is not bound',
  PLUGIN_IN_USE: 'the plugin cannot be removed while it is in use',
  DUPLICATE: 'the torrent is in the session already',
  NOT_FOUND: 'there is no such torrent, peer or plugin',
  INVALID_ARGUMENT: 'an argument is of the wrong kind or out of range',
  ADDRESS_IN_USE: 'the listening address is taken',
  CLOSED: 'the session or torrent is closed',
} as const

/** A stable error code. */
export type ErrorCode = keyof typeof errorCodes

const brand = Symbol.for('bitloom.error')

/** Base of every error that Bitloom throws on purpose. `message` is one plain sentence that names the thing. */
export class BitloomError extends Error {
  readonly code: ErrorCode
  readonly [brand] = true

  constructor(code: ErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.code = code
  }

  /** `instanceof` tells by brand and name: a plugin may bring its own copy of core, and throw its errors. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return isBitloomError(value) && (this === BitloomError || value.name === this.name)
  }
}

/** True for an error of Bitloom, also one thrown by another copy of core in the same process. */
export function isBitloomError(error: unknown): error is BitloomError {
  return typeof error === 'object' && error !== null && brand in error
}

/** Bad bencode. `offset` is the byte at which reading failed. */
export class BencodeError extends BitloomError {
  readonly offset: number
  constructor(code: 'BENCODE_SYNTAX' | 'BENCODE_LIMIT', message: string, offset: number) {
    super(code, message)
    this.offset = offset
  }
}

/** A torrent file or magnet link that cannot be used. */
export class MetainfoError extends BitloomError {
  constructor(
    code: 'METAINFO_INVALID' | 'METAINFO_LIMIT' | 'METAINFO_UNSUPPORTED' | 'MAGNET_INVALID',
    message: string,
    options: { readonly cause?: unknown } = {},
  ) {
    super(code, message, options)
  }
}

/** A path that cannot be repaired, or that a file cannot be renamed to. */
export class PathError extends BitloomError {
  constructor(message: string) {
    super('PATH_INVALID', message)
  }
}

/** The remote's fault: the connection ends, nothing else. */
export class ProtocolError extends BitloomError {
  constructor(
    message: string,
    code: 'PROTOCOL_VIOLATION' | 'PROTOCOL_LIMIT' | 'HANDSHAKE_FAILED' = 'PROTOCOL_VIOLATION',
  ) {
    super(code, message)
  }
}

/** A tracker that refused or could not be asked. `retryInMs`: what the tracker asked for (BEP 31), `Infinity` = never. */
export class TrackerError extends BitloomError {
  readonly retryInMs: number | undefined
  constructor(
    code: 'TRACKER_FAILURE' | 'TRACKER_UNREACHABLE' | 'TRACKER_INVALID' | 'TRACKER_UNSUPPORTED' | 'TRACKER_FORBIDDEN',
    message: string,
    options: { readonly cause?: unknown; readonly retryInMs?: number } = {},
  ) {
    super(code, message, options)
    this.retryInMs = options.retryInMs
  }
}

/** A failed storage operation. `path` names the file or folder, `retry` tells whether the same call may succeed later. */
export class StorageError extends BitloomError {
  readonly path: string
  readonly retry: boolean
  constructor(
    code: 'NO_SPACE' | 'DENIED' | 'GONE' | 'IO',
    message: string,
    options: { readonly path: string; readonly retry: boolean; readonly cause?: unknown },
  ) {
    super(code, message, options)
    this.path = options.path
    this.retry = options.retry
  }
}

/** A resume record that cannot be used. */
export class ResumeError extends BitloomError {
  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super('RESUME_INVALID', message, options)
  }
}

/** A plugin at fault. `plugin` is its name, `hook` the hook or life-cycle step ("apply", "bind", "close") it failed in. */
export class PluginError extends BitloomError {
  readonly plugin: string
  readonly hook: string | undefined
  constructor(
    code:
      | 'PLUGIN_FAILED'
      | 'PLUGIN_INVALID'
      | 'PLUGIN_CONTRACT'
      | 'PLUGIN_OPTIONS'
      | 'PLUGIN_DUPLICATE'
      | 'PLUGIN_MISSING'
      | 'PLUGIN_IN_USE',
    message: string,
    options: { readonly plugin: string; readonly hook?: string; readonly cause?: unknown },
  ) {
    super(code, message, options)
    this.plugin = options.plugin
    this.hook = options.hook
  }
}

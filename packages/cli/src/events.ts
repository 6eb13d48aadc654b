import { errorCodeOf, pathOf, sentenceOf } from './exit-codes.js'

/** An address as events print it. */
export interface EventAddress {
  readonly host: string
  readonly port: number
  /** The announce URL, where it is a tracker that listens. */
  readonly url?: string
}

/**
 * Every line that a long-running verb prints with `--json`, without `time`. `infoHash` is hexadecimal: 40 digits (v1) or 64
 * (v2 only). Byte counts are payload since this process started, rates are bytes/s.
 */
export type BitloomEvent =
  | {
      readonly event: 'listening'
      readonly addresses: readonly EventAddress[]
      /** 40 hex digits; absent where it is a tracker that listens. */
      readonly peerId?: string
    }
  | {
      readonly event: 'added'
      readonly infoHash: string
      readonly name: string
      readonly length: number
      readonly pieceCount: number
    }
  | {
      readonly event: 'checking'
      readonly infoHash: string
      readonly piecesDone: number
      readonly piecesTotal: number
    }
  | { readonly event: 'checked'; readonly infoHash: string; readonly havePieces: number }
  | ProgressEvent
  | PeerEvent
  | {
      readonly event: 'tracker'
      readonly infoHash: string
      readonly url: string
      readonly state: 'ok' | 'error'
      readonly peers: number
      readonly message: string | undefined
    }
  | { readonly event: 'seeding'; readonly infoHash: string }
  | {
      readonly event: 'complete'
      readonly infoHash: string
      readonly seconds: number
      readonly receivedBytes: number
      readonly wastedBytes: number
    }
  | ErrorEvent

export interface ProgressEvent {
  readonly event: 'progress'
  readonly infoHash: string
  readonly receivedBytes: number
  /** Found data included. */
  readonly verifiedBytes: number
  readonly wastedBytes: number
  readonly uploadedBytes: number
  readonly downRate: number
  readonly upRate: number
  readonly peers: number
  /** JSON null where it cannot be told. */
  readonly etaSeconds: number | null
}

export interface PeerEvent {
  readonly event: 'peer'
  readonly infoHash: string
  /** `host:port`, IPv6 in brackets. */
  readonly address: string
  readonly client: string | undefined
  readonly state: 'connected' | 'disconnected' | 'banned'
  readonly reason: string | undefined
  /** 40 hex digits. */
  readonly peerId: string
  /** What this peer gave us and got of us; only when it is gone. */
  readonly receivedBytes?: number
  readonly uploadedBytes?: number
}

export interface ErrorEvent {
  readonly event: 'error'
  readonly code: string
  readonly message: string
  readonly infoHash?: string
  readonly path?: string
  readonly plugin?: string
}

/** One line of `--json` output, without the newline: compact, `event` first, then `time` (ISO 8601). */
export function formatEvent(event: BitloomEvent, wallMs: number): string {
  const { event: name, ...fields } = event
  return JSON.stringify({ event: name, time: new Date(wallMs).toISOString(), ...fields })
}

/** The `error` event of any failure, with the torrent, path and plugin it is about where it has one. */
export function errorEvent(error: unknown, infoHash?: string): ErrorEvent {
  const path = pathOf(error)
  const plugin = pluginOf(error)
  return {
    event: 'error',
    code: errorCodeOf(error),
    message: sentenceOf(error),
    ...(infoHash === undefined ? {} : { infoHash }),
    ...(path === undefined ? {} : { path }),
    ...(plugin === undefined ? {} : { plugin }),
  }
}

function pluginOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('plugin' in error)) return undefined
  return typeof error.plugin === 'string' ? error.plugin : undefined
}

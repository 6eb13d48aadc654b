import { token } from './token.js'
import type { PeerView, TorrentView } from './views.js'
import type { Dict } from '../bytes/bencode.js'

/**
 * Sends messages of one extension to one peer, also outside of a turn. `false` = nothing was sent: the peer does not speak
 * it, is gone, or does not read what waits for it already.
 */
export interface ExtensionLink {
  send(payload: Uint8Array): boolean
}

/** One extension's side of one connection. */
export interface ExtensionSession {
  /** The peer sent its extension handshake again: something in it may have changed. */
  hello?(theirs: Dict): void
  message?(payload: Uint8Array): void
  /** A base message of an id this extension claimed. */
  wire?(id: number, payload: Uint8Array): void
  close?(): void
}

/** An extension of the peer protocol: a BEP 10 message name, or claimed base ids and reserved bits, or both. */
export interface PeerExtension {
  /** The BEP 10 name, "ut_pex". */
  readonly name: string
  /** Off for private torrents where false (BEP 27). */
  readonly onPrivate: boolean
  /** Base message ids with the exact payload length of each. */
  readonly wireIds?: Readonly<Record<number, number>>
  /** Bits of the 64 reserved handshake bits, 0 = the lowest of the last byte. */
  readonly reservedBits?: readonly number[]
  /** Adds keys to our extension handshake. */
  hello?(into: Map<string, unknown>, torrent: TorrentView): void
  /** Called once per peer that speaks it, with the peer's extension handshake. Payloads passed in are dead after the call. */
  open(peer: PeerView, torrent: TorrentView, link: ExtensionLink, theirs: Dict): ExtensionSession
}
export const PeerExtension = token<PeerExtension>('PeerExtension')

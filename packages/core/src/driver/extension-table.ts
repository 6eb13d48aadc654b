import type { Dict } from '../bytes/bencode.js'
import { encode, type Encodable } from '../bytes/encode.js'
import { PluginError, ProtocolError } from '../bytes/errors.js'
import type { PeerCandidate, Refusal } from '../hooks/hooks.js'
import type { HookRunner } from '../hooks/runner.js'
import type { Peer } from '../peer/peer.js'
import { parseIp } from '../ports/endpoint.js'
import { type ExtensionSession, PeerExtension } from '../ports/peer-extension.js'
import type { Logger } from '../ports/logger.js'
import type { TorrentView } from '../ports/views.js'
import { decodeExtendedHandshake, encodeExtendedHandshake, type ExtendedHandshake } from '../wire/extended.js'
import { ExtensionIds } from './extension-ids.js'
import type { Services } from './services.js'

/** Requests of one peer that we queue; LIMITS "requests". */
const requestQueue = 500

export interface ExtensionTableParts {
  readonly hooks: HookRunner
  readonly services: Services
  view(): TorrentView
  readonly clientName: string
  port(): number
  flush(peer: Peer): void
  /** So much waits to leave for this peer that extensions should wait too. */
  isFull(peer: Peer): boolean
  /** The peer listens at this port, which is not the one it dialled from. */
  listens(peer: Peer, port: number): void
  readonly log: Logger
  refused(peer: Peer, candidate: PeerCandidate, refusal: Refusal): void
}

/** What one peer and we said in the extension handshakes. */
interface Speaking {
  /** Their message ids by name; 0 = switched off. */
  theirs: ReadonlyMap<string, number>
  /** The payload of their newest handshake: a tenth of what it is as a dictionary. */
  said: Uint8Array
  readonly sessions: Map<string, OpenSession>
}

interface OpenSession {
  /** Whose session it is: another extension of the same name gets one of its own. */
  readonly extension: PeerExtension
  readonly session: ExtensionSession
}

/**
 * The extension protocol (BEP 10) of one torrent: handshakes, message ids, and the sessions of `PeerExtension` plugins.
 *
 * Invariant: after `refresh`, a peer has a session for exactly the extensions that are bound and that it speaks.
 */
export class ExtensionTable {
  readonly #parts: ExtensionTableParts
  readonly #speaking = new Map<Peer, Speaking>()
  readonly #ids = new ExtensionIds()
  #offered: readonly PeerExtension[] | undefined

  constructor(parts: ExtensionTableParts) {
    this.#parts = parts
  }

  /** What every peer is offered, the same until `refresh` looks again. */
  get #extensions(): readonly PeerExtension[] {
    this.#offered ??= this.#bound()
    return this.#offered
  }

  #bound(): readonly PeerExtension[] {
    const isPrivate = this.#parts.view().private
    return this.#parts.services.all(PeerExtension).filter((extension) => !isPrivate || extension.onPrivate)
  }

  /** Sends our handshake; again when upload-only changed (BEP 21). */
  greet(peer: Peer): void {
    if (!peer.supportsExtensions) return
    const { clientName } = this.#parts
    const view = this.#parts.view()
    const messages = this.#ids.messages(this.#extensions.map(({ name }) => name))
    const extra = new Map<string, unknown>()
    for (const extension of this.#extensions) this.#isolated(extension, () => this.#takeWords(extension, extra, view))
    const port = this.#parts.port()
    const yourIp = peer.endpoint.kind === 'ip' ? parseIp(peer.endpoint.host) : undefined
    const payload = encodeExtendedHandshake({
      messages,
      client: clientName,
      requestQueue,
      uploadOnly: view.content !== undefined && view.stats.leftBytes === 0,
      ...(port > 0 ? { port } : {}),
      ...(yourIp === undefined ? {} : { yourIp }),
      extra,
    })
    peer.out.extended(0, payload)
    this.#parts.flush(peer)
  }

  /** What one extension puts into the handshake. @throws BitloomError INVALID_ARGUMENT for what cannot be said */
  #takeWords(extension: PeerExtension, into: Map<string, unknown>, view: TorrentView): void {
    const words = new Map(into)
    extension.hello?.(words, view)
    encode(words as Map<string, Encodable>)
    for (const [key, value] of words) into.set(key, value)
  }

  /** @throws ProtocolError when the handshake cannot be read */
  receive(peer: Peer, id: number, payload: Uint8Array): void {
    if (id === 0) {
      this.#handshake(peer, payload)
      return
    }
    const name = this.#ids.nameOf(id)
    const open = name === undefined ? undefined : this.#speaking.get(peer)?.sessions.get(name)
    if (open !== undefined) this.#isolated(open.extension, () => open.session.message?.(payload))
  }

  /** A base message that an extension claimed. */
  other(peer: Peer, id: number, payload: Uint8Array): void {
    for (const { extension, session } of this.#speaking.get(peer)?.sessions.values() ?? []) {
      if (extension.wireIds?.[id] === undefined) continue
      this.#isolated(extension, () => session.wire?.(id, payload))
    }
  }

  /** The base ids that extensions claimed, with their lengths: what a decoder must know before it reads. */
  get claimedIds(): Readonly<Record<number, number>> {
    return Object.assign({}, ...this.#extensions.map((extension) => extension.wireIds ?? {})) as Record<number, number>
  }

  /**
   * Plugins came or went, or the torrent turned out to be private: sessions of what is gone end, sessions of what came
   * begin, and every peer is told by a new handshake. True if anything changed. Reserved bits stay as they were said.
   */
  refresh(peers: Iterable<Peer>): boolean {
    const before = this.#extensions
    const now = this.#bound()
    if (now.length === before.length && now.every((extension) => before.includes(extension))) return false
    this.#offered = now
    for (const peer of peers) {
      const speaking = this.#speaking.get(peer)
      if (speaking !== undefined) this.#closeOld(speaking)
      this.greet(peer)
      if (speaking !== undefined) this.#openNew(peer, speaking, () => rawOf(speaking))
    }
    return true
  }

  /** Ends what is offered no longer, or was switched off by the peer. */
  #closeOld(speaking: Speaking): void {
    for (const [name, { extension, session }] of speaking.sessions) {
      if (this.#extensions.includes(extension) && (speaking.theirs.get(name) ?? 0) > 0) continue
      speaking.sessions.delete(name)
      this.#isolated(extension, () => session.close?.())
    }
  }

  /** A fault in a plugin ends nothing but its own message. */
  #isolated(extension: PeerExtension, run: () => void): void {
    try {
      run()
    } catch (cause) {
      const what = cause instanceof Error ? cause.message : String(cause)
      const { name } = extension
      const plugin = this.#parts.services.ownerOf(extension)
      const error = new PluginError(
        'PLUGIN_FAILED',
        `the peer extension ${name} of the plugin ${plugin} failed: ${what}`,
        {
          plugin,
          hook: 'PeerExtension',
          cause,
        },
      )
      this.#parts.log.error(error.message, { extension: name, error: cause })
      this.#parts.hooks.pluginFailed(error)
    }
  }

  #handshake(peer: Peer, payload: Uint8Array): void {
    const hello = decodeExtendedHandshake(payload)
    if (hello === undefined) throw new ProtocolError('an extension handshake that cannot be read')
    if (hello.client !== undefined) peer.client = hello.client
    if (hello.requestQueue !== undefined) peer.window.most = Math.max(1, Math.min(hello.requestQueue, requestQueue))
    if (hello.uploadOnly !== undefined) peer.uploadOnly = hello.uploadOnly
    if (hello.port !== undefined && hello.port > 0) this.#parts.listens(peer, hello.port)
    const candidate = candidateOf(peer)
    const refusal = this.#parts.hooks.acceptPeer(candidate, this.#parts.view())
    if (refusal !== undefined) {
      this.#parts.refused(peer, candidate, refusal)
      return
    }
    this.#open(peer, hello, payload.slice())
  }

  #open(peer: Peer, hello: ExtendedHandshake, said: Uint8Array): void {
    const speaking = this.#speaking.get(peer) ?? { theirs: new Map(), said, sessions: new Map() }
    this.#speaking.set(peer, speaking)
    speaking.theirs = new Map([...speaking.theirs, ...hello.messages])
    speaking.said = said
    this.#closeOld(speaking)
    for (const { extension, session } of speaking.sessions.values()) {
      this.#isolated(extension, () => session.hello?.(hello.raw))
    }
    this.#openNew(peer, speaking, () => hello.raw)
  }

  #openNew(peer: Peer, speaking: Speaking, raw: () => Dict): void {
    for (const extension of this.#extensions) {
      const { name } = extension
      if ((speaking.theirs.get(name) ?? 0) === 0 || speaking.sessions.has(name)) continue
      const link = { send: (bytes: Uint8Array): boolean => this.#send(peer, extension, bytes) }
      this.#isolated(extension, () => {
        const session = extension.open(peer, this.#parts.view(), link, raw())
        speaking.sessions.set(name, { extension, session })
      })
    }
  }

  /** A link that an extension kept past its end sends nothing. */
  #send(peer: Peer, extension: PeerExtension, payload: Uint8Array): boolean {
    const speaking = this.#speaking.get(peer)
    const open = speaking?.sessions.get(extension.name)
    if (open !== undefined && open.extension !== extension) return false
    const id = speaking?.theirs.get(extension.name) ?? 0
    if (id === 0 || !this.#extensions.includes(extension) || this.#parts.isFull(peer)) return false
    peer.out.extended(id, payload)
    this.#parts.flush(peer)
    return true
  }

  close(peer: Peer): void {
    const speaking = this.#speaking.get(peer)
    this.#speaking.delete(peer)
    for (const { extension, session } of speaking?.sessions.values() ?? []) {
      this.#isolated(extension, () => session.close?.())
    }
  }
}

function rawOf({ said }: Speaking): Dict {
  return decodeExtendedHandshake(said)?.raw ?? new Map<string, never>()
}

function candidateOf({ client, peerId, endpoint, outgoing }: Peer): PeerCandidate {
  const source = outgoing ? 'dialled' : 'incoming'
  return { stage: 'extended', endpoint, source, peerId, ...(client === undefined ? {} : { client }) }
}

import { PluginError, ProtocolError } from '../bytes/errors.js'
import type { PeerCandidate, Refusal } from '../hooks/hooks.js'
import type { HookRunner } from '../hooks/runner.js'
import type { Peer } from '../peer/peer.js'
import { parseIp } from '../ports/endpoint.js'
import { type ExtensionSession, PeerExtension } from '../ports/peer-extension.js'
import type { Logger } from '../ports/logger.js'
import type { TorrentView } from '../ports/views.js'
import { decodeExtendedHandshake, encodeExtendedHandshake } from '../wire/extended.js'
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
  /** Their message ids by name. */
  theirs: ReadonlyMap<string, number>
  readonly sessions: Map<string, ExtensionSession>
}

/** The extension protocol (BEP 10) of one torrent: handshakes, message ids, and the sessions of `PeerExtension` plugins. */
export class ExtensionTable {
  readonly #parts: ExtensionTableParts
  readonly #speaking = new Map<Peer, Speaking>()

  constructor(parts: ExtensionTableParts) {
    this.#parts = parts
  }

  /** Our ids are 1, 2, … in the order of the plugins; looked up now, so that plugins may come and go. */
  #extensions(): PeerExtension[] {
    const isPrivate = this.#parts.view().private
    return this.#parts.services.all(PeerExtension).filter((extension) => !isPrivate || extension.onPrivate)
  }

  /** Sends our handshake; again when upload-only changed (BEP 21). */
  greet(peer: Peer): void {
    if (!peer.supportsExtensions) return
    const { clientName } = this.#parts
    const view = this.#parts.view()
    const messages = new Map(this.#extensions().map((extension, index) => [extension.name, index + 1]))
    const extra = new Map<string, unknown>()
    for (const extension of this.#extensions()) this.#isolated(extension.name, () => extension.hello?.(extra, view))
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

  /** @throws ProtocolError when the handshake cannot be read */
  receive(peer: Peer, id: number, payload: Uint8Array): void {
    if (id === 0) {
      this.#handshake(peer, payload)
      return
    }
    const extension = this.#extensions()[id - 1]
    if (extension === undefined) return
    this.#isolated(extension.name, () => this.#speaking.get(peer)?.sessions.get(extension.name)?.message?.(payload))
  }

  /** A base message that an extension claimed. */
  other(peer: Peer, id: number, payload: Uint8Array): void {
    for (const extension of this.#extensions()) {
      if (extension.wireIds?.[id] === undefined) continue
      this.#isolated(extension.name, () => this.#speaking.get(peer)?.sessions.get(extension.name)?.wire?.(id, payload))
    }
  }

  /** What the decoder must know before it reads. */
  decoderLimits(pieceCount: number | undefined) {
    const claimedIds = Object.assign({}, ...this.#extensions().map((extension) => extension.wireIds ?? {})) as Record<
      number,
      number
    >
    return { claimedIds, ...(pieceCount === undefined ? {} : { pieceCount }) }
  }

  /** A fault in a plugin ends nothing but its own message. */
  #isolated(name: string, run: () => void): void {
    try {
      run()
    } catch (cause) {
      const what = cause instanceof Error ? cause.message : String(cause)
      const error = new PluginError('PLUGIN_FAILED', `the peer extension ${name} failed: ${what}`, {
        plugin: name,
        hook: 'PeerExtension',
        cause,
      })
      this.#parts.log.error(error.message, { extension: name, error: cause })
      this.#parts.hooks.pluginFailed(error)
    }
  }

  #handshake(peer: Peer, payload: Uint8Array): void {
    const hello = decodeExtendedHandshake(payload)
    if (hello === undefined) throw new ProtocolError('an extension handshake that cannot be read')
    if (hello.client !== undefined) peer.client = hello.client
    if (hello.requestQueue !== undefined) peer.window.limit = Math.max(1, Math.min(hello.requestQueue, requestQueue))
    if (hello.uploadOnly !== undefined) peer.uploadOnly = hello.uploadOnly
    if (hello.port !== undefined && hello.port > 0) this.#parts.listens(peer, hello.port)
    const candidate = candidateOf(peer)
    const refusal = this.#parts.hooks.acceptPeer(candidate, this.#parts.view())
    if (refusal !== undefined) {
      this.#parts.refused(peer, candidate, refusal)
      return
    }
    this.#open(peer, hello)
  }

  #open(peer: Peer, hello: NonNullable<ReturnType<typeof decodeExtendedHandshake>>): void {
    const speaking = this.#speaking.get(peer) ?? { theirs: new Map(), sessions: new Map() }
    this.#speaking.set(peer, speaking)
    speaking.theirs = new Map([...speaking.theirs, ...hello.messages])
    for (const extension of this.#extensions()) {
      const { name } = extension
      if ((speaking.theirs.get(name) ?? 0) === 0) continue
      const open = speaking.sessions.get(name)
      if (open !== undefined) {
        this.#isolated(name, () => open.hello?.(hello.raw))
        continue
      }
      const link = { send: (bytes: Uint8Array): boolean => this.#send(peer, name, bytes) }
      this.#isolated(name, () => speaking.sessions.set(name, extension.open(peer, this.#parts.view(), link, hello.raw)))
    }
  }

  #send(peer: Peer, name: string, payload: Uint8Array): boolean {
    const id = this.#speaking.get(peer)?.theirs.get(name) ?? 0
    if (id === 0 || this.#parts.isFull(peer)) return false
    peer.out.extended(id, payload)
    this.#parts.flush(peer)
    return true
  }

  close(peer: Peer): void {
    const speaking = this.#speaking.get(peer)
    this.#speaking.delete(peer)
    for (const [name, session] of speaking?.sessions ?? []) this.#isolated(name, () => session.close?.())
  }
}

function candidateOf({ client, peerId, endpoint, outgoing }: Peer): PeerCandidate {
  const source = outgoing ? 'dialled' : 'incoming'
  return { stage: 'extended', endpoint, source, peerId, ...(client === undefined ? {} : { client }) }
}

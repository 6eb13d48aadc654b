import type { Dict, ExtensionSession, PeerExtension, TorrentView } from '@bitloom/core'
import { NumberSet } from '../kit/bits.js'
import { broken, BrokenGuarantee, expectThat, show } from '../kit/expect.js'
import { contentView, peerView, torrentView } from '../kit/views.js'
import { contentOf } from '../storage/content.js'

export interface ExtensionBenchOptions {
  /** The extension under test; a function makes a new one for each test. */
  readonly extension: PeerExtension | (() => PeerExtension)
  /** Keys of a sound extension handshake beside `m`, as the decoder gives them. Default none. */
  readonly theirs?: Dict
}

const content = contentView(contentOf([{ path: 'file', lengthBytes: 1_000_000 }], 65_536))

/** A torrent with its content, and one that waits for it. */
export const torrents: readonly TorrentView[] = [
  torrentView({ content }),
  torrentView({ id: 't2', state: 'fetching-metadata' }),
]

/** One message of an extension may be so long that it fits into what a decoder takes. */
export const mostBytes = 1_048_576
/** What a peer asks, it may be answered; a message that sets off more than this is a flood. */
const mostSends = 100

/** One connection of an extension. */
class Line {
  readonly sent: Uint8Array[] = []
  readonly #bench: ExtensionBench
  session: ExtensionSession | undefined
  accepts = true
  isClosed = false

  constructor(bench: ExtensionBench) {
    this.#bench = bench
  }

  open(key: number, torrent: TorrentView, theirs: Dict): void {
    const haves = NumberSet.of(content.pieceCount)
    const peer = peerView(key, { haves })
    const send = (payload: Uint8Array): boolean => this.#send(payload)
    this.session = this.#bench.call(
      () => `open with ${show(theirs)}`,
      () => this.#bench.extension.open(peer, torrent, { send }, theirs),
    )
    expectThat(
      typeof this.session === 'object' && this.session !== null,
      () => `open answered ${show(this.session)}, expected a session`,
    )
  }

  /** What is wrong is noted, not thrown: it may be called at any time, by code that catches what it throws. */
  #send(payload: Uint8Array): boolean {
    const { faults } = this.#bench
    if (this.isClosed) faults.push('it sent a message after close')
    if (!(payload instanceof Uint8Array)) {
      faults.push(`it sent ${show(payload)}, expected bytes`)
      return false
    }
    if (payload.length > mostBytes)
      faults.push(`it sent ${payload.length} bytes in one message, expected ${mostBytes} at most`)
    if (this.isClosed) return false
    this.sent.push(payload.slice())
    return this.accepts
  }

  /** The view is dead after the call, as in the engine. */
  message(payload: Uint8Array, survives = false): void {
    const view = payload.slice()
    const before = this.sent.length
    this.#bench.call(
      () => `message ${show(payload)}`,
      () => this.session?.message?.(view),
    )
    const sends = this.sent.length - before
    expectThat(sends <= mostSends, () => `one message, ${show(payload)}, set off ${sends} others`)
    if (!survives) view.fill(0xee)
  }

  wire(id: number, payload: Uint8Array): void {
    const view = payload.slice()
    this.#bench.call(
      () => `wire(${id}, ${show(payload)})`,
      () => this.session?.wire?.(id, view),
    )
    view.fill(0xee)
  }

  close(): void {
    this.#bench.call(
      () => 'close',
      () => this.session?.close?.(),
    )
    this.isClosed = true
  }
}

/** The extension of one test, and what was wrong with it. */
export class ExtensionBench {
  /** What was wrong in calls that came from the extension. */
  readonly faults: string[] = []
  readonly extension: PeerExtension
  readonly #theirs: Dict

  constructor({ extension, theirs = new Map() }: ExtensionBenchOptions) {
    this.extension = typeof extension === 'function' ? extension() : extension
    this.#theirs = theirs
  }

  line(key = 1, torrent: TorrentView = torrents[0] ?? torrentView(), theirs = this.#theirs): Line {
    const line = new Line(this)
    line.open(key, torrent, theirs)
    return line
  }

  /** Core isolates what an extension throws; it counts as a failure of the plugin all the same. */
  call<T>(what: () => string, run: () => T): T {
    try {
      return run()
    } catch (error) {
      if (error instanceof BrokenGuarantee) throw error
      return broken(`it threw ${show(error)} in ${what()}`, error)
    }
  }
}

import type { TorrentView } from '../ports/views.js'
import type { Torrent } from '../torrent/torrent.js'
import type { Announcing } from './announcing.js'
import { asError } from './as-error.js'
import type { TorrentContent } from './content.js'
import type { EngineContext } from './context.js'
import { isReady } from './decisions.js'
import type { Swarm } from './swarm.js'

export interface CompletionParts {
  readonly context: Pick<EngineContext, 'turns' | 'hooks'>
  readonly view: TorrentView
  readonly swarm: Swarm
  readonly announcing: Announcing
  content(): TorrentContent | undefined
  /** All that is wanted is durable, and in its place. False: the torrent does not care any more. */
  settled(): boolean
  /** After that. */
  told(): void
  syncFailed(error: Error): void
}

/**
 * What happens when all that is wanted is there: it is made durable and goes where it belongs, and is told once, when
 * something had been missing. A torrent that was found with all its pieces, or told, is not told again when it loses one
 * and gets it back.
 */
export class Completion {
  readonly #parts: CompletionParts
  #wasMissing = false
  #isOver = false

  constructor(parts: CompletionParts) {
    this.#parts = parts
  }

  /** Looks whether something that is wanted is missing. */
  look(torrent: Torrent): void {
    if (torrent.ledger !== undefined && !torrent.isWhole) this.#wasMissing = true
  }

  /** All that is wanted was verified and written. */
  reached(): void {
    const { turns } = this.#parts.context
    this.#parts
      .content()
      ?.settle()
      .then(
        () => turns.run(() => this.#settled()),
        (error: unknown) => turns.run(() => this.#parts.syncFailed(asError(error))),
      )
  }

  #settled(): void {
    if (!this.#parts.settled()) return
    const { wantedBytes, ledger } = this.#parts.swarm.torrent
    const isNews = this.#wasMissing && wantedBytes > 0 && !this.#isOver
    if (isNews || ledger?.have.count === ledger?.have.length) this.#isOver = true
    if (isNews) this.#tell()
    this.#parts.told()
  }

  #tell(): void {
    const { context, view, swarm, announcing } = this.#parts
    const { turns, hooks } = context
    announcing.completed()
    swarm.greetAgain()
    turns.watch(() => isReady(view) && hooks.completed(view))
  }
}

import { type Lane, type QueueLimits, type QueueMove, TorrentQueue, type QueueVerdict } from '../torrent/queue.js'

/** What the queue tells a torrent. */
export interface Queueable {
  /** Its turn has come; said again to one that is at work already, it changes nothing. */
  admit(): void
  /** It waits for its turn. */
  hold(): void
  /** Its place in the order is to be remembered. */
  ranked(): void
}

/** Carries out what the queue of a session decides. Called in turns of the engine only. */
export class Queueing<T extends Queueable> {
  readonly #queue: TorrentQueue<T>

  constructor(limits: QueueLimits) {
    this.#queue = new TorrentQueue(limits)
  }

  add(torrent: T, place: { readonly rank?: number | undefined; readonly forced?: boolean | undefined }): void {
    this.#queue.add(torrent, place)
  }

  remove(torrent: T): void {
    this.#carryOut(this.#queue.remove(torrent))
  }

  enter(torrent: T, lane: Lane): void {
    this.#carryOut(this.#queue.enter(torrent, lane))
  }

  leave(torrent: T): void {
    this.#carryOut(this.#queue.leave(torrent))
  }

  force(torrent: T, on: boolean): void {
    this.#carryOut(this.#queue.force(torrent, on))
    torrent.ranked()
  }

  /** One that transfers next to nothing works on without being counted. */
  lend(torrent: T, on: boolean): void {
    this.#carryOut(this.#queue.lend(torrent, on))
  }

  move(torrent: T, to: QueueMove): void {
    const { verdicts, ranked } = this.#queue.move(torrent, to)
    this.#carryOut(verdicts)
    for (const one of ranked) one.ranked()
  }

  setLimits(limits: QueueLimits): void {
    this.#carryOut(this.#queue.setLimits(limits))
  }

  position(torrent: T): number | undefined {
    return this.#queue.position(torrent)
  }

  rank(torrent: T): number | undefined {
    return this.#queue.rank(torrent)
  }

  isForced(torrent: T): boolean {
    return this.#queue.isForced(torrent)
  }

  #carryOut(verdicts: readonly QueueVerdict<T>[]): void {
    for (const { item, runs } of verdicts) {
      if (runs) item.admit()
      else item.hold()
    }
  }
}

import type { Clock, PickView } from '@bitloom/core'

/** What is known of whoever plays the torrent while it downloads. Everything may be left out. */
export interface PlaybackOptions {
  /** What playing takes. Without it there are no deadlines: the window starts at the first missing piece. */
  readonly bytesPerSecond?: number
  /**
   * How far ahead pieces are urgent. Default: ten seconds of playing; where the rate is unknown a sixteenth of the torrent,
   * 4 MiB at most. Two pieces at least.
   */
  readonly windowBytes?: number
  /** Playing starts when so much is there in a row. Default 0. */
  readonly startAfterBytes?: number
  /** Pieces that are due sooner than this, and were asked longer ago, are asked of a second peer. Default 2,000. */
  readonly lateMs?: number
}

/** Where the rate is unknown: more would leave nothing of a small torrent to be taken rarest first. */
const usualWindowShare = 1 / 16
const mostWindowBytes = 4_194_304
const usualWindowSeconds = 10
const usualLateMs = 2_000

/**
 * Where playing is. It follows the pieces of the highest priority that are there in a row, at its rate, and waits where
 * one is missing. A player that jumps says so by priorities (the command `prioritize`): where the highest is elsewhere,
 * playing goes on there.
 *
 * Invariant: `#front` is the first missing piece of the highest priority that a wanted piece has, unless it is stale.
 */
export class Playback {
  readonly #view: PickView
  readonly #clock: Clock
  readonly #options: PlaybackOptions
  #front = -1
  #top = 0
  #isStale = true
  #positionBytes = 0
  #atMs = 0
  #hasStarted = false
  /** When blocks of a piece were asked last. */
  readonly #askedAtMs = new Map<number, number>()

  constructor(view: PickView, clock: Clock, options: PlaybackOptions) {
    this.#view = view
    this.#clock = clock
    this.#options = options
  }

  /** The priority of the pieces that are played. */
  get priority(): number {
    return this.#top
  }

  reset(): void {
    this.#isStale = true
  }

  changed(piece: number): void {
    const priority = this.#view.priority(piece)
    if (priority === 0) this.#askedAtMs.delete(piece)
    if (priority > this.#top || (priority === this.#top && piece < this.#front)) this.#isStale = true
  }

  /** Plays on until now. Answers the first missing piece, -1 = none. */
  advance(): number {
    const front = this.#findFront()
    const { bytesPerSecond = 0, startAfterBytes = 0 } = this.#options
    const nowMs = this.#clock.nowMs()
    const elapsedMs = nowMs - this.#atMs
    this.#atMs = nowMs
    const frontBytes = front < 0 ? this.#view.lengthBytes : this.#startOf(front)
    const hasJumped = this.#view.nextWanted(Math.floor(this.#positionBytes / this.#view.pieceLengthBytes)) !== front
    if (hasJumped || bytesPerSecond === 0) {
      this.#positionBytes = frontBytes
      this.#hasStarted = false
    } else if (this.#hasStarted) {
      this.#positionBytes = Math.min(frontBytes, this.#positionBytes + (bytesPerSecond * elapsedMs) / 1_000)
    } else this.#hasStarted = frontBytes - this.#positionBytes >= startAfterBytes
    return front
  }

  /** Playing goes on and comes to it within `lateMs`. While it waits, nothing is due: all of the window is too late. */
  isDue(piece: number): boolean {
    const { bytesPerSecond = 0, lateMs = usualLateMs } = this.#options
    if (!this.#hasStarted || this.#front < 0 || this.#positionBytes >= this.#startOf(this.#front)) return false
    return this.#startOf(piece) - this.#positionBytes < (bytesPerSecond * lateMs) / 1_000
  }

  /** Playing comes to it soon. */
  isUrgent(piece: number): boolean {
    return this.#startOf(piece) < this.#positionBytes + this.#windowBytes
  }

  get #windowBytes(): number {
    const { bytesPerSecond, windowBytes } = this.#options
    const { lengthBytes, pieceLengthBytes } = this.#view
    const usualBytes =
      bytesPerSecond === undefined
        ? Math.min(lengthBytes * usualWindowShare, mostWindowBytes)
        : bytesPerSecond * usualWindowSeconds
    return Math.max(windowBytes ?? usualBytes, 2 * pieceLengthBytes)
  }

  /** Blocks of it were asked, now. */
  asked(piece: number): void {
    this.#askedAtMs.set(piece, this.#atMs)
  }

  /** Playing comes to it soon, and whoever was asked for it takes too long. */
  isLate(piece: number): boolean {
    const { bytesPerSecond = 0, lateMs = usualLateMs } = this.#options
    if (!this.#hasStarted || this.#atMs - (this.#askedAtMs.get(piece) ?? this.#atMs) < lateMs) return false
    return this.#startOf(piece) - this.#positionBytes < (bytesPerSecond * lateMs) / 1_000
  }

  #startOf(piece: number): number {
    return piece * this.#view.pieceLengthBytes
  }

  #findFront(): number {
    if (!this.#isStale && this.#front >= 0) {
      this.#front = this.#next(this.#front, this.#top)
      if (this.#front >= 0) return this.#front
    }
    this.#isStale = false
    this.#top = 0
    for (let piece = this.#view.nextWanted(0); piece >= 0; piece = this.#view.nextWanted(piece + 1)) {
      this.#top = Math.max(this.#top, this.#view.priority(piece))
    }
    return (this.#front = this.#next(0, this.#top))
  }

  #next(from: number, priority: number): number {
    let piece = this.#view.nextWanted(from)
    while (piece >= 0 && this.#view.priority(piece) !== priority) piece = this.#view.nextWanted(piece + 1)
    return piece
  }
}

import type { PeerView, PickView, Random } from '@bitloom/core'

/** Room for availability to grow, and to shrink, before the buckets have to be laid out anew. */
const slack = 8

/** What a peer that had so many pieces had none of, when ranked pieces had become better so often: buckets above `best`. */
interface Reach {
  haves: number
  rises: number
  /** A key, -1 = no ranked piece at all. */
  best: number
}

/**
 * The wanted pieces of a torrent in buckets of equal rank, as one partitioned array: best last, random inside a bucket.
 * A piece moves by swaps over the borders of the buckets between its old and its new one, so that one more or one less
 * peer having it is a single swap.
 *
 * Invariant: `#order` is a permutation of all pieces and `#at` its inverse. Bucket k is `#order[#starts[k] ..< #starts[k + 1]]`
 * and holds exactly the pieces with key k. Keys 0 … K-1 are ranks, K the begun pieces, K+1 those unwanted or had.
 *
 * Seeds join and leave without a word, since they change every piece alike: availability is kept relative to the last
 * build, and the shift is read off a piece that did not change.
 *
 * Most peers lack the rarest pieces. So that they are not looked past again at each pick, it is remembered for a peer above
 * which bucket it has nothing, which stays true while it gets no piece and none becomes better.
 */
export class RankTable {
  readonly #view: PickView
  readonly #byAvailability: boolean
  readonly #order: Int32Array
  readonly #at: Int32Array
  readonly #keys: Int32Array
  readonly #counts: Int32Array
  readonly #priorities: Uint8Array
  readonly #isBegun: Uint8Array
  /** By priority: which row of buckets it has, -1 = none. */
  readonly #rows = new Int8Array(8)
  #starts = new Int32Array(3)
  /** How many places there are for availability, and which one the first is for. */
  #width = 1
  #lowest = 0
  #begunKey = 0
  #isStale = true
  #finished = 0
  /** How often pieces came into the ranking, or to a better place in it. */
  #rises = 0
  readonly #reaches = new WeakMap<PeerView, Reach>()
  #dice: number

  /** `byAvailability` false: pieces of one priority are all equal. */
  constructor(view: PickView, random: Random, byAvailability: boolean) {
    const { pieceCount } = view
    this.#view = view
    this.#byAvailability = byAvailability
    this.#order = Int32Array.from({ length: pieceCount }, (_, piece) => piece)
    this.#at = new Int32Array(pieceCount)
    this.#keys = new Int32Array(pieceCount)
    this.#counts = new Int32Array(pieceCount)
    this.#priorities = new Uint8Array(pieceCount)
    this.#isBegun = new Uint8Array(pieceCount)
    this.#dice = random.below(2 ** 32) | 1
  }

  /** Pieces that became whole (or unwanted) one by one since the table was made. */
  get finished(): number {
    return this.#finished
  }

  /** Ranked pieces: `pieceAt(ranked - 1)` is the best one, `pieceAt(0)` the worst. */
  get ranked(): number {
    return this.#starts[this.#begunKey] ?? 0
  }

  /** Begun pieces follow: `pieceAt(ranked)` … `pieceAt(ranked + begun - 1)`. */
  get begun(): number {
    return (this.#starts[this.#begunKey + 1] ?? 0) - this.ranked
  }

  pieceAt(index: number): number {
    return this.#order[index] ?? -1
  }

  /** Where the pieces of the highest priority begin; they end at `ranked`. */
  get topPriorityStart(): number {
    const best = this.#keys[this.pieceAt(this.ranked - 1)] ?? 0
    return this.#starts[best - (best % this.#width)] ?? 0
  }

  /** The bucket of a piece as it is comparable between tables of one view: priority and relative availability. */
  rankOf(piece: number): { readonly priority: number; readonly place: number } {
    const key = this.#keys[piece] ?? 0
    if (key >= this.#begunKey) return { priority: 0, place: key - this.#begunKey }
    return { priority: this.#priorities[piece] ?? 0, place: this.#lowest + this.#width - 1 - (key % this.#width) }
  }

  reset(): void {
    this.#isStale = true
  }

  /** Where the best ranked piece that the peer may have is: it has none of those behind. -1: it has no ranked piece. */
  topOf(peer: PeerView): number {
    const known = this.#reaches.get(peer)
    if (known?.rises !== this.#rises || known.haves !== peer.haves.count) return this.ranked - 1
    return (this.#starts[known.best + 1] ?? 0) - 1
  }

  /** The peer has none of the ranked pieces in buckets above that of `piece`; -1: none at all. */
  noteTop(peer: PeerView, piece: number): void {
    const reach = { haves: peer.haves.count, rises: this.#rises, best: piece < 0 ? -1 : (this.#keys[piece] ?? 0) }
    const known = this.#reaches.get(peer)
    if (known === undefined) this.#reaches.set(peer, reach)
    else Object.assign(known, reach)
  }

  /** It still has nothing above, but for this one piece more. */
  #gained(peer: PeerView, piece: number): void {
    const known = this.#reaches.get(peer)
    if (known === undefined || known.haves + 1 !== peer.haves.count) return
    known.haves++
    const key = this.#keys[piece] ?? 0
    if (key < this.#begunKey && key > known.best) known.best = key
  }

  /** Rebuilds if that is due. */
  refresh(): void {
    if (this.#isStale) this.#build()
  }

  /** A block of it was taken: it leaves the ranking until its state changes. O(better buckets). */
  begin(piece: number): void {
    this.#isBegun[piece] = 1
    this.#move(piece, this.#begunKey)
  }

  /** `gainedBy`: the peer that has it since a moment ago. */
  changed(piece: number, gainedBy?: PeerView): void {
    this.#update(piece)
    if (gainedBy !== undefined) this.#gained(gainedBy, piece)
  }

  #update(piece: number): void {
    const priority = this.#view.priority(piece)
    if (priority === 0 && this.#priorities[piece] !== 0) this.#finished++
    const count = this.#view.availability(piece) - this.#shift(piece)
    // Where neither count nor priority is another one, the state changed: the piece may be free again.
    const isSame = count === this.#counts[piece] && priority === this.#priorities[piece]
    if (priority === 0 || this.#isStale || isSame) this.#isBegun[piece] = 0
    this.#counts[piece] = count
    this.#priorities[piece] = priority
    const place = this.#placeOf(piece)
    const isInside = place >= 0 && place < this.#width && (this.#rows[priority] ?? -1) >= 0
    if (priority > 0 && !isInside) this.#isStale = true
    if (!this.#isStale) this.#move(piece, this.#keyOf(piece))
  }

  /** How far all pieces moved since the last build, as seen on a piece other than this one. */
  #shift(piece: number): number {
    const other = piece === 0 ? 1 : 0
    return other < this.#counts.length ? this.#view.availability(other) - (this.#counts[other] ?? 0) : 0
  }

  #keyOf(piece: number): number {
    const priority = this.#priorities[piece] ?? 0
    if (priority === 0) return this.#begunKey + 1
    if (this.#isBegun[piece] === 1) return this.#begunKey
    return ((this.#rows[priority] ?? 0) + 1) * this.#width - 1 - this.#placeOf(piece)
  }

  #placeOf(piece: number): number {
    return this.#byAvailability ? (this.#counts[piece] ?? 0) - this.#lowest : 0
  }

  #move(piece: number, to: number): void {
    let key = this.#keys[piece] ?? 0
    if (to < this.#begunKey && (key < to || key >= this.#begunKey)) this.#rises++
    for (; key < to; key++) {
      const edge = (this.#starts[key + 1] ?? 0) - 1
      this.#starts[key + 1] = edge
      this.#swap(this.#at[piece] ?? 0, edge)
    }
    for (; key > to; key--) {
      const edge = this.#starts[key] ?? 0
      this.#starts[key] = edge + 1
      this.#swap(this.#at[piece] ?? 0, edge)
    }
    if (this.#keys[piece] === to) return
    this.#keys[piece] = to
    if (to >= this.#begunKey) return
    const start = this.#starts[to] ?? 0
    this.#swap(this.#at[piece] ?? 0, start + this.#below((this.#starts[to + 1] ?? 0) - start))
  }

  #swap(a: number, b: number): void {
    const first = this.#order[a] ?? 0
    const second = this.#order[b] ?? 0
    this.#order[a] = second
    this.#order[b] = first
    this.#at[second] = a
    this.#at[first] = b
  }

  #build(): void {
    this.#rises++
    this.#readFacts()
    this.#shuffle()
    const shuffled = this.#order.slice()
    const cursors = new Int32Array(this.#begunKey + 2)
    for (const piece of shuffled) {
      const key = this.#keyOf(piece)
      this.#keys[piece] = key
      cursors[key] = (cursors[key] ?? 0) + 1
    }
    this.#starts = new Int32Array(cursors.length + 1)
    for (let key = 0; key < cursors.length; key++) {
      this.#starts[key + 1] = (this.#starts[key] ?? 0) + (cursors[key] ?? 0)
      cursors[key] = this.#starts[key] ?? 0
    }
    for (const piece of shuffled) {
      const key = this.#keys[piece] ?? 0
      const at = cursors[key] ?? 0
      cursors[key] = at + 1
      this.#order[at] = piece
      this.#at[piece] = at
    }
    this.#isStale = false
  }

  #readFacts(): void {
    const rows = this.#rows.fill(-1)
    let [lowest, highest] = [Infinity, 0]
    for (let piece = 0; piece < this.#counts.length; piece++) {
      const count = this.#view.availability(piece)
      const priority = this.#view.priority(piece)
      this.#counts[piece] = count
      this.#priorities[piece] = priority
      if (priority === 0) {
        this.#isBegun[piece] = 0
        continue
      }
      rows[priority] = 0
      if (count < lowest) lowest = count
      if (count > highest) highest = count
    }
    let row = 0
    for (let priority = 1; priority < rows.length; priority++) if (rows[priority] === 0) rows[priority] = row++
    this.#lowest = Math.max(0, Math.min(lowest, highest) - slack)
    this.#width = this.#byAvailability ? highest - this.#lowest + slack : 1
    this.#begunKey = row * this.#width
  }

  #shuffle(): void {
    for (let last = this.#order.length - 1; last > 0; last--) this.#swap(last, this.#below(last + 1))
  }

  /** Xorshift, seeded from the stream of the torrent: drawing a piece must not cost a call of the CSPRNG. */
  #below(limit: number): number {
    this.#dice ^= this.#dice << 13
    this.#dice ^= this.#dice >>> 17
    this.#dice ^= this.#dice << 5
    return (this.#dice >>> 0) % limit
  }
}

import { Bits, type PeerView, type Picks, type PickView, type Random } from '@bitloom/core'

/**
 * A torrent as a picture, one character per piece.
 * `availability`: how many peers have it (0-9), or `*` = we have it. `priorities`: 0-7, default 4 everywhere.
 */
export interface Picture {
  readonly availability: string
  readonly priorities?: string
  readonly blocksPerPiece?: number
}

export interface Taken {
  readonly piece: number
  readonly blocks: number
  readonly reason: string
}

/** What the ledger and the availability of a torrent do, as far as a picker can tell. Mutable, for tests to move. */
export class FakeTorrent implements PickView {
  readonly pieceCount: number
  readonly pieceLengthBytes = 65_536
  readonly lengthBytes: number
  readonly counts: number[]
  readonly priorities: number[]
  readonly have: Bits
  /** Free blocks by piece. */
  readonly free: number[]
  readonly blocksPerPiece: number
  /** Blocks asked of two peers, by piece. */
  readonly doubled: number[]
  /** Pieces that others lead: `takePartials` leaves them alone. */
  readonly led = new Set<number>()
  seeds = 0
  isShortOfMemory = false

  constructor(picture: Picture) {
    const letters = [...picture.availability]
    this.pieceCount = letters.length
    this.lengthBytes = letters.length * this.pieceLengthBytes
    this.counts = letters.map((letter) => (letter === '*' ? 0 : Number(letter)))
    this.priorities = [...(picture.priorities ?? '4'.repeat(letters.length))].map(Number)
    this.have = new Bits(letters.length)
    for (const [piece, letter] of letters.entries()) if (letter === '*') this.have.add(piece)
    this.blocksPerPiece = picture.blocksPerPiece ?? 4
    this.free = letters.map(() => this.blocksPerPiece)
    this.doubled = letters.map(() => 0)
  }

  pieceLength = (): number => this.pieceLengthBytes
  zeroTailBytes = (): number => 0
  blockCount = (): number => this.blocksPerPiece
  blockLength = (): number => 16_384

  availability(piece: number): number {
    return (this.counts[piece] ?? 0) + this.seeds
  }

  priority(piece: number): number {
    return this.have.has(piece) ? 0 : (this.priorities[piece] ?? 0)
  }

  nextWanted(from: number): number {
    for (let piece = from; piece < this.pieceCount; piece++) if (this.priority(piece) > 0) return piece
    return -1
  }

  isBegun(piece: number): boolean {
    return (this.free[piece] ?? 0) < this.blocksPerPiece
  }

  /** Opens picks of `budget` blocks from one peer; everything taken is written to `log`. */
  picks(peer: PeerView, budget: number, log: Taken[] = []): Picks {
    let left = budget
    const mayTake = (piece: number): boolean =>
      peer.haves.has(piece) && this.priority(piece) > 0 && !(this.isShortOfMemory && !this.isBegun(piece))
    const take = (piece: number, reason: string, limit = Infinity): number => {
      const blocks = mayTake(piece) ? Math.min(left, limit, this.free[piece] ?? 0) : 0
      if (blocks <= 0) return 0
      left -= blocks
      this.free[piece] = (this.free[piece] ?? 0) - blocks
      log.push({ piece, blocks, reason })
      return blocks
    }
    const partials = (): number[] => {
      const all = this.free.map((free, piece) => ({ free, piece }))
      const begun = all.filter(({ free, piece }) => free > 0 && this.isBegun(piece) && !this.led.has(piece))
      return begun.sort((a, b) => a.free - b.free).map(({ piece }) => piece)
    }
    return {
      get left() {
        return left
      },
      take,
      takePartials: () => partials().reduce((sum, piece) => sum + take(piece, 'partial'), 0),
      takeBusy: (piece, reason, limit = Infinity) => {
        const busy = this.blocksPerPiece - (this.free[piece] ?? 0) - (this.doubled[piece] ?? 0)
        const blocks = mayTake(piece) ? Math.min(left, limit, busy) : 0
        if (blocks <= 0) return 0
        left -= blocks
        this.doubled[piece] = (this.doubled[piece] ?? 0) + blocks
        log.push({ piece, blocks, reason })
        return blocks
      },
    }
  }
}

/** A peer as a picture: `#` = has the piece. */
export function peerOf(haves: string, isChoking = false): PeerView {
  const bits = new Bits(haves.length)
  for (const [piece, letter] of [...haves].entries()) if (letter === '#') bits.add(piece)
  return { haves: bits, isChoking } as unknown as PeerView
}

/** A small generator with a seed (xorshift): the same seed, the same numbers. */
export function seeded(seed: number): Random {
  let state = (seed + 1) * 2_654_435_761
  const next = (): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
  return {
    bytes: (length) => Uint8Array.from({ length }, () => next() & 0xff),
    below: (limit) => Math.floor((next() / 2 ** 32) * limit),
    fork: (name) => seeded(seed + name.length),
  }
}

/** The same picks, of which each `take` goes through `watch`; busy blocks are not to be had. */
export function watchedPicks(picks: Picks, watch: (piece: number, take: () => number) => number): Picks {
  return {
    get left() {
      return picks.left
    },
    takePartials: () => picks.takePartials(),
    takeBusy: () => 0,
    take: (piece, reason, limit) => watch(piece, () => picks.take(piece, reason, limit)),
  }
}

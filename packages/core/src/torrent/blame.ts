import type { Peer } from '../peer/peer.js'

/** Bytes of a block's fingerprint, its SHA-1. */
export const printBytes = 20
/** Blocks whose fingerprints are kept at the most: those of 1 GiB of bad pieces. */
const mostBlocks = 65_536

/** A copy of a piece that was wrong, with who brought which block of it. */
interface BadCopy {
  readonly piece: number
  readonly givers: readonly (Peer | undefined)[]
  /** 20 bytes for each block. */
  readonly prints: Uint8Array
}

/**
 * Who lies, where several had a part in a bad piece: its blocks are remembered by their hashes, and compared with those of
 * the good copy when that comes. Whose block differs has lied; nobody else can be told. (libtorrent's `smart_ban`.)
 */
export class Blame {
  /** The oldest first. */
  readonly #copies: BadCopy[] = []
  #blocks = 0

  /** Takes the givers and the fingerprints over. The oldest copies make room. */
  remember(piece: number, givers: readonly (Peer | undefined)[], prints: Uint8Array): void {
    this.#copies.push({ piece, givers, prints })
    this.#blocks += givers.length
    while (this.#blocks > mostBlocks && this.#copies.length > 1) {
      this.#blocks -= this.#copies.shift()?.givers.length ?? 0
    }
  }

  /** A copy of this piece was wrong: a good one tells whose fault it was. */
  suspects(piece: number): boolean {
    return this.#copies.length > 0 && this.#copies.some((copy) => copy.piece === piece)
  }

  /** The fingerprints of a good copy, `undefined` = nobody could take them. Answers who lied, and forgets the piece. */
  judge(piece: number, prints: Uint8Array | undefined): ReadonlySet<Peer> {
    const liars = new Set<Peer>()
    for (const copy of this.#copies.filter((one) => one.piece === piece)) {
      this.#copies.splice(this.#copies.indexOf(copy), 1)
      this.#blocks -= copy.givers.length
      for (const [block, giver] of copy.givers.entries()) {
        if (prints !== undefined && giver !== undefined && !isSame(copy.prints, prints, block)) liars.add(giver)
      }
    }
    return liars
  }
}

function isSame(a: Uint8Array, b: Uint8Array, block: number): boolean {
  for (let at = block * printBytes; at < (block + 1) * printBytes; at++) if (a[at] !== b[at]) return false
  return true
}

import type { Peer } from '../peer/peer.js'
import type { Digests } from '../ports/hasher.js'
import { Blame } from './blame.js'
import type { Effects, TorrentBooks } from './effects.js'
import type { Ledger } from './ledger.js'
import type { Extent, OpenPiece } from './open-piece.js'

export interface ExtentPathParts {
  readonly effects: Pick<Effects, 'hash' | 'readBack' | 'write' | 'fingerprint'>
  readonly torrent: TorrentBooks
  /** The piece is good and readable; `wasWanted` = it counted among what is left. */
  verified(piece: number, wasWanted: boolean): void
  /** The hash was wrong; the piece starts over. */
  rejected(piece: number, contributors: readonly Peer[]): void
  /** It brought a block of a piece that was rejected, and the good copy has another. */
  lied(peer: Peer): void
  /** A port failed; the piece starts over. */
  gaveUp(piece: number): void
  /** An extent is on the disk: its memory is free again. */
  freed(): void
  /** A piece that was given up may be begun anew, and memory may be free. */
  reopened(): void
}

/**
 * Full extents on their way through hasher and storage: hashed in order, written when hashed. An extent that is full
 * while one in front of it still waits for blocks is written at once and read back for hashing later, so that memory does
 * not wait for the slowest peer.
 */
export class ExtentPath {
  readonly #parts: ExtentPathParts
  readonly #blame = new Blame()

  constructor(parts: ExtentPathParts) {
    this.#parts = parts
  }

  /** All blocks of an extent are there. */
  filled(extent: Extent): void {
    const open = extent.owner
    if (extent.index === open.hashNext) {
      this.#advance(open)
      return
    }
    const before = open.extents.slice(open.hashNext, extent.index)
    const gapless = before.every((earlier) => earlier.stage === 'full' || earlier.stage === 'hashing')
    if (!gapless) this.#write(extent)
  }

  /** A piece of an earlier run: what is on the disk is hashed as soon as it is in turn. */
  restored(open: OpenPiece): void {
    this.#advance(open)
  }

  #advance(open: OpenPiece): void {
    const extent = open.extents[open.hashNext]
    const last = open.hashNext === open.extents.length - 1
    if (extent?.stage === 'full') {
      extent.stage = 'hashing'
      this.#parts.effects.hash(extent, last)
    } else if (extent?.stage === 'written' && extent.unhashed) {
      extent.stage = 'hashing'
      this.#parts.effects.readBack(extent, last)
    }
  }

  #write(extent: Extent): void {
    extent.stage = 'writing'
    this.#parts.effects.write(extent)
  }

  /** The extent was hashed; `digests` come with the last one of a piece. `onDisk`: it was read back. */
  hashed(extent: Extent, digests: Digests | undefined, onDisk: boolean): void {
    const { ledger } = this.#parts.torrent
    const open = extent.owner
    if (ledger === undefined) return
    if (!ledger.isCurrent(extent)) {
      ledger.settledLate(extent)
      this.#parts.reopened()
      return
    }
    extent.unhashed = false
    open.hashNext++
    if (digests !== undefined) open.good = this.#matches(open.piece, digests)
    if (open.good === true) this.#acquit(open)
    if (open.good === false) this.#reject(ledger, open, extent)
    else if (onDisk) this.#stored(ledger, extent)
    else this.#write(extent)
    if (open.good === undefined) this.#advance(open)
  }

  #matches(piece: number, digests: Digests): boolean {
    const verifier = this.#parts.torrent.metainfo?.verifier
    if (verifier?.kind !== 'sha1' || digests.sha1 === undefined) return false
    const at = piece * 20
    for (let index = 0; index < 20; index++) {
      if (digests.sha1[index] !== verifier.hashes[at + index]) return false
    }
    return true
  }

  #reject(ledger: Ledger, open: OpenPiece, extent: Extent): void {
    extent.stage = 'written'
    const { contributors } = open
    if (open.isMixed) {
      for (const peer of contributors) peer.isSuspect = true
      ledger.hold(open.piece)
      this.#parts.effects.fingerprint(open)
    }
    ledger.rejected(open)
    this.#parts.rejected(open.piece, open.isRestored ? [] : contributors)
    this.#parts.reopened()
  }

  /** A good copy: whoever brought it alone is above suspicion, and who lied about it before can be told. */
  #acquit(open: OpenPiece): void {
    const { lead } = open
    if (lead?.isSuspect === true && !open.isMixed) lead.isSuspect = false
    if (this.#blame.suspects(open.piece)) this.#parts.effects.fingerprint(open)
  }

  /** The SHA-1 of each block of a copy, 20 bytes each; `undefined` = they could not be read any more. */
  fingerprinted(open: OpenPiece, prints: Uint8Array | undefined): void {
    if (open.good === true) {
      for (const liar of this.#blame.judge(open.piece, prints)) this.#parts.lied(liar)
      return
    }
    if (prints !== undefined) this.#blame.remember(open.piece, open.givers, prints)
    this.#parts.torrent.ledger?.letGo(open.piece)
    this.#parts.reopened()
  }

  /** The extent's bytes are readable from the storage. */
  written(extent: Extent): void {
    const { ledger } = this.#parts.torrent
    if (ledger === undefined) return
    if (ledger.isCurrent(extent)) {
      this.#stored(ledger, extent)
      this.#parts.freed()
    } else {
      ledger.settledLate(extent)
      this.#parts.reopened()
    }
  }

  #stored(ledger: Ledger, extent: Extent): void {
    const open = extent.owner
    const wasWanted = ledger.wanted.has(open.piece)
    if (ledger.written(extent)) this.#parts.verified(open.piece, wasWanted)
    else if (extent.unhashed && extent.index === open.hashNext) this.#advance(open)
  }

  /** A port call failed for good: the piece is fetched again. */
  lost(extent: Extent): void {
    const { ledger } = this.#parts.torrent
    if (ledger === undefined) return
    if (ledger.isCurrent(extent)) {
      extent.stage = 'written'
      ledger.giveUp(extent.owner)
      this.#parts.gaveUp(extent.owner.piece)
    } else {
      ledger.settledLate(extent)
    }
    this.#parts.reopened()
  }
}

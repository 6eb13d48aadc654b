import * as fc from 'fast-check'
import type { Picker } from '@bitloom/core'
import { randomOrder, rarestFirst } from '../../../packages/piece-picker/src/rarest-first.js'
import { sequential } from '../../../packages/piece-picker/src/sequential.js'
import { FakeTorrent, peerOf, seeded } from '../../../packages/piece-picker/test/picture.js'
import { ensure, target } from '../target.js'

const pieces = 16
const pickers = [rarestFirst(0), rarestFirst(4), sequential(), randomOrder()]
const text = (letters: string): fc.Arbitrary<string> =>
  fc
    .array(fc.nat(letters.length - 1), { minLength: pieces, maxLength: pieces })
    .map((all) => all.map((at) => letters[at]).join(''))

/** A picker over a torrent whose blocks are counted in the simplest way: free, asked, here. */
class Bench {
  readonly torrent: FakeTorrent
  readonly picker: Picker
  /** Blocks asked for and not here, by piece. */
  readonly owed: number[]

  constructor(picture: { availability: string; priorities: string }, which: number, seed: number) {
    this.torrent = new FakeTorrent(picture)
    this.owed = this.torrent.free.map(() => 0)
    const made = pickers[which % pickers.length] as (typeof pickers)[number]
    this.picker = made.create(this.torrent, seeded(seed))
  }

  pick(haves: string, budget: number): void {
    const { torrent } = this
    const before = [...torrent.free]
    const peer = peerOf(haves)
    const picks = torrent.picks(peer, budget)
    // Blocks that are owed come from others: this model has no endgame.
    this.picker.pick(peer, {
      get left() {
        return picks.left
      },
      take: (piece, reason, limit) => picks.take(piece, reason, limit),
      takePartials: () => picks.takePartials(),
      takeBusy: () => 0,
    })
    for (const [piece, free] of torrent.free.entries()) {
      const taken = (before[piece] ?? 0) - free
      if (taken > 0) ensure(haves[piece] === '#' && torrent.priority(piece) > 0, 'what is taken is had and wanted')
      this.owed[piece] = (this.owed[piece] ?? 0) + taken
    }
    const missed = [...haves].some(
      (has, piece) => has === '#' && torrent.priority(piece) > 0 && (torrent.free[piece] ?? 0) > 0,
    )
    ensure(picks.left === 0 || !missed, 'a peer that could give more is asked')
  }

  /** The blocks owed of a piece come. A piece without any that is missing is whole, or bad and begun anew. */
  receive(piece: number, good: boolean): void {
    const { torrent } = this
    this.owed[piece] = 0
    if (torrent.have.has(piece) || (torrent.free[piece] ?? 0) > 0) return
    if (good) torrent.have.add(piece)
    else torrent.free[piece] = torrent.blocksPerPiece
    this.picker.changed?.(piece)
  }

  timeOut(piece: number): void {
    const { torrent } = this
    torrent.free[piece] = (torrent.free[piece] ?? 0) + (this.owed[piece] ?? 0)
    this.owed[piece] = 0
    this.picker.changed?.(piece)
  }

  change(kind: string, piece: number): void {
    const { torrent } = this
    if (kind === 'has') torrent.counts[piece] = (torrent.counts[piece] ?? 0) + 1
    if (kind === 'wanted') torrent.priorities[piece] = ((torrent.priorities[piece] ?? 0) + 3) % 8
    if (kind === 'seed') torrent.seeds++
    if (kind === 'joins' || kind === 'leaves') {
      for (let at = piece; at < pieces; at += 2)
        torrent.counts[at] = Math.max(0, (torrent.counts[at] ?? 0) + (kind === 'joins' ? 1 : -1))
      this.picker.reset?.()
    } else {
      this.picker.changed?.(piece)
    }
  }

  end(): void {
    for (let piece = 0; piece < pieces; piece++) this.timeOut(piece)
    for (let round = 0; this.torrent.nextWanted(0) >= 0; round++) {
      ensure(round < 2 * pieces, 'it finishes')
      this.pick('#'.repeat(pieces), 7)
      for (let piece = 0; piece < pieces; piece++) this.receive(piece, true)
    }
  }
}

const input = fc.record({
  availability: text('0123*'),
  priorities: text('01447'),
  which: fc.nat(pickers.length - 1),
  seed: fc.nat(),
  steps: fc.array(
    fc.record({
      kind: fc.constantFrom('pick', 'pick', 'receive', 'fail', 'timeout', 'has', 'wanted', 'seed', 'joins', 'leaves'),
      piece: fc.nat(pieces - 1),
      mask: fc.nat(2 ** pieces - 1),
      budget: fc.integer({ min: 1, max: 20 }),
    }),
    { maxLength: 25, size: 'max' },
  ),
})

export const picker = target('picker', input, ({ availability, priorities, which, seed, steps }) => {
  const bench = new Bench({ availability, priorities }, which, seed)
  for (const { kind, piece, mask, budget } of steps) {
    if (kind === 'pick')
      bench.pick(Array.from({ length: pieces }, (_, at) => ((mask >> at) & 1 ? '#' : '.')).join(''), budget)
    else if (kind === 'receive' || kind === 'fail') bench.receive(piece, kind === 'receive')
    else if (kind === 'timeout') bench.timeOut(piece)
    else bench.change(kind, piece)
  }
  bench.end()
})

// Single moments of a download, each built for one question.
import type { PiecePicker } from '@bitloom/core'
import { NumberSet } from '../kit/bits.js'
import { expectSame } from '../kit/expect.js'
import { Download } from './download.js'
import type { Taken } from './reference-picks.js'
import { free } from './reference-torrent.js'

/** A download of so many pieces that nobody has yet. */
function fresh(picker: PiecePicker, pieceCount: number, seed = 'scene'): Download {
  const download = new Download({ picker, seed, pieceCount })
  download.reset()
  return download
}

/** The pieces from which something was taken, ascending. */
function piecesOf(taken: readonly Taken[]): number[] {
  return [...new Set(taken.map(({ piece }) => piece))].sort((a, b) => a - b)
}

export function askForEachAlone(picker: PiecePicker): void {
  for (let piece = 0; piece < 40; piece++) {
    const download = fresh(picker, 40)
    const rich = download.torrent.join(NumberSet.of(40, (other) => other !== piece && other % 3 === 0))
    const poor = download.torrent.join(new NumberSet(40, [piece]))
    download.reset()
    download.pick(rich, 6)
    const taken = piecesOf(download.pick(poor, 2))
    expectSame(taken, [piece], `a peer that has piece ${piece} only is asked for`)
  }
}

export function askForAllowed(picker: PiecePicker): void {
  for (const piece of [0, 7, 1_499]) {
    const download = fresh(picker, 1_500)
    const peer = download.torrent.join(NumberSet.of(1_500), { isChoking: true, allowed: [piece] })
    download.reset()
    expectSame(piecesOf(download.pick(peer, 4)), [piece], `a choking peer that allows piece ${piece} is asked for`)
  }
}

export function helpOthers(picker: PiecePicker): void {
  const download = fresh(picker, 3)
  const { torrent } = download
  const [quick, other] = [torrent.join(NumberSet.of(3)), torrent.join(NumberSet.of(3))]
  download.reset()
  download.pick(quick, 100)
  for (const [piece, states] of torrent.open) {
    torrent.leads.set(piece, quick)
    states[1] = free
  }
  const taken = download.pick(other, 100)
  expectSame(
    piecesOf(taken),
    [0, 1, 2],
    'with every piece led by another peer and a block of each free, a peer is asked for',
  )
}

export function endWithNothing(picker: PiecePicker): void {
  const scenes: Readonly<Record<string, (download: Download) => void>> = {
    'the peer has nothing': ({ torrent }) => void torrent.join(new NumberSet(30)),
    'the peer chokes and allows nothing': ({ torrent }) => void torrent.join(NumberSet.of(30), { isChoking: true }),
    'nothing is wanted': ({ torrent }) => {
      torrent.join(NumberSet.of(30))
      torrent.priorities.fill(0)
    },
    'everything is here': ({ torrent }) => {
      torrent.join(NumberSet.of(30))
      for (let piece = 0; piece < 30; piece++) torrent.have.add(piece)
    },
    'memory is short': ({ torrent }) => {
      torrent.join(NumberSet.of(30))
      torrent.mostOpen = 0
    },
    'everything is asked of another peer': ({ torrent }) => {
      torrent.join(NumberSet.of(30))
      const other = torrent.join(NumberSet.of(30))
      for (let piece = 0; piece < 30; piece++) {
        const state = { kind: 'asked' as const, of: [other] }
        torrent.open.set(piece, [state, state, state, state])
      }
    },
  }
  for (const [scene, build] of Object.entries(scenes)) {
    const download = new Download({ picker, seed: scene, pieceCount: 30 })
    build(download)
    download.reset()
    for (let time = 0; time < 3; time++) for (const peer of download.torrent.peers) download.pick(peer, 10)
  }
}

export function followPriorities(picker: PiecePicker): void {
  const download = fresh(picker, 30)
  const { torrent } = download
  const peer = torrent.join(NumberSet.of(30))
  const unwanted = (piece: number): boolean => piece % 2 === 0
  for (let piece = 0; piece < 30; piece += 2) torrent.priorities[piece] = 0
  download.reset()
  const before = piecesOf(download.pick(peer, 1_000))
  expectSame(
    before,
    piecesWhere(30, (piece) => !unwanted(piece)),
    'with every even piece unwanted, it takes',
  )
  torrent.priorities.fill(4)
  download.reset()
  const after = piecesOf(download.pick(peer, 1_000))
  expectSame(after, piecesWhere(30, unwanted), 'once they are wanted, it takes')
}

function piecesWhere(length: number, isIn: (piece: number) => boolean): number[] {
  return Array.from({ length }, (_, piece) => piece).filter(isIn)
}

/** One piece at a time becomes askable again. */
export function notice(picker: PiecePicker): void {
  const download = fresh(picker, 20)
  const { torrent } = download
  const peer = torrent.join(NumberSet.of(20, (piece) => piece < 15))
  download.reset()
  download.pick(peer, 1_000)
  deliverAll(download)
  const expectTaken = (piece: number, what: string): void =>
    expectSame(piecesOf(download.pick(peer, 1_000)), [piece], what)
  for (const piece of [3, 0, 14]) {
    torrent.have.delete(piece)
    download.changed(piece)
    expectTaken(piece, `after piece ${piece} was lost and changed(${piece}) told so, it takes`)
    torrent.finish(piece, false)
    download.changed(piece)
    expectTaken(piece, `after the hash of piece ${piece} was wrong and changed(${piece}) told so, it takes`)
    deliverAll(download)
  }
  for (const piece of [17, 19]) {
    peer.haves.add(piece)
    download.changed(piece)
    expectTaken(piece, `after the peer got piece ${piece} and changed(${piece}) told so, it takes`)
  }
}

export function noticeAll(picker: PiecePicker): void {
  const download = fresh(picker, 20)
  const { torrent } = download
  const peer = torrent.join(NumberSet.of(20))
  torrent.priorities.fill(0)
  download.renew()
  download.pick(peer, 10)
  for (const priority of [4, 1, 7]) {
    torrent.priorities.fill(priority)
    for (let piece = 0; piece < 20; piece++) torrent.finish(piece, false)
    torrent.have.delete(5)
    download.reset()
    const taken = piecesOf(download.pick(peer, 1_000))
    expectSame(
      taken,
      piecesWhere(20, () => true),
      `after a reset to priority ${priority} everywhere, it takes`,
    )
  }
}

/** All that is asked arrives and is good. */
function deliverAll(download: Download): void {
  for (const piece of [...download.torrent.open.keys()]) {
    download.torrent.finish(piece, true)
    download.changed(piece)
  }
}

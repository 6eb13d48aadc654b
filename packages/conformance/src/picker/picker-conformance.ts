import type { PiecePicker } from '@bitloom/core'
import { NumberSet } from '../kit/bits.js'
import { expectSame, expectThat, show } from '../kit/expect.js'
import { defineSuite, type Guarantee, type TestRunner, unless } from '../kit/runner.js'
import { Download } from './download.js'
import { deliver, liveThrough, someHaves } from './history.js'
import type { Taken } from './reference-picks.js'
import { free } from './reference-torrent.js'

export interface PickerConformanceOptions {
  readonly picker: PiecePicker
  /** Pieces of a higher priority are begun before those of a lower one. Priorities from 1 to 7 are advice. Default true. */
  readonly honoursPriorities?: boolean
  /** Begun pieces that a peer should help with come before new ones. Default true. */
  readonly finishesBegunFirst?: boolean
  /** How many histories are drawn, seeds "0", "1", … Default 30. */
  readonly histories?: number
}

/** A picker names its reasons by constant strings: so many are enough for anyone. */
const mostReasons = 32

/** Defines the tests of a `PiecePicker`. */
export function pickerConformance(runner: TestRunner, options: PickerConformanceOptions): void {
  defineSuite(runner, `PiecePicker ${options.picker.name}`, pickerGuarantees(options))
}

function pickerGuarantees(options: PickerConformanceOptions): readonly Guarantee[] {
  const { picker, honoursPriorities = true, finishesBegunFirst = true, histories = 30 } = options
  const seeds = Array.from({ length: histories }, (_, index) => `${index}`)
  const live = (seed: string, pieceCount = 24): Download => {
    const download = new Download({ picker, seed, pieceCount })
    download.reset()
    liveThrough(download, 250)
    return download
  }
  const past = new Map<string, Download>()
  const lived = (seed: string): Download => {
    const download = past.get(seed) ?? live(seed)
    past.set(seed, download)
    return download
  }
  const expectNoFault = (kind: 'starved' | 'priority' | 'begun'): void => {
    for (const seed of seeds) expectFaultless(lived(seed), kind)
  }
  const expectNoMisuse = (kind: string): void => {
    for (const seed of seeds.slice(0, 10)) {
      const misuse = lived(seed).misuses.find((one) => one.kind === kind)
      expectThat(misuse === undefined, () => `the picker called ${misuse?.what} (seed ${seed})`)
    }
  }
  return [
    {
      name: 'has a name',
      run: () => expectThat(typeof picker.name === 'string' && picker.name !== '', `its name is ${show(picker.name)}`),
    },
    {
      name: 'asks a peer for its only piece, whichever that is and however many it lacks',
      run: () => askForEachAlone(picker),
    },
    {
      name: 'never stops while the peer has something wanted and free',
      run: () => expectNoFault('starved'),
    },
    {
      name: 'asks a choking peer for the pieces it allows, wherever they rank',
      run: () => askForAllowed(picker),
    },
    {
      name: 'helps with pieces that others lead when nothing else is left',
      run: () => helpOthers(picker),
    },
    {
      name: 'ends when the peer has nothing or allows nothing, or nothing is wanted or free, or memory is short',
      run: () => endWithNothing(picker),
    },
    {
      name: 'leaves what has priority 0, and takes it once it is wanted again',
      run: () => followPriorities(picker),
    },
    {
      name: 'notices what changed, and everything after a reset',
      run: () => {
        notice(picker)
        noticeAll(picker)
      },
    },
    {
      name: 'serves equally when it is made in the middle of a download',
      run: () => {
        for (const seed of seeds) expectFaultless(renewedOften(picker, seed), 'starved')
      },
    },
    { name: 'brings a download to its end', run: () => finish(picker) },
    {
      name: 'ends within a bound of steps, with 1 piece and with 20,000',
      run: () => {
        for (const pieceCount of [1, 2, 20_000]) measure(picker, pieceCount)
      },
    },
    {
      name: 'picks the same for the same seed, with no time or chance of its own',
      run: () => {
        for (const seed of seeds.slice(0, 10)) {
          expectSame(live(seed).taken, lived(seed).taken, `a second run with seed ${seed}`)
        }
      },
    },
    { name: 'keeps torrents apart', run: () => keepApart(picker) },
    { name: 'lets go of the picks when the call ends', run: () => expectNoMisuse('after the call') },
    { name: 'names pieces of the torrent only', run: () => expectNoMisuse('piece') },
    {
      name: 'gives a constant string as the reason of each take',
      run: () => {
        expectNoMisuse('reason')
        const reasons = new Set(seeds.slice(0, 3).flatMap((seed) => live(seed, 100).taken.map(({ reason }) => reason)))
        expectThat(reasons.size <= mostReasons, () => `${reasons.size} reasons, made as it goes: ${show([...reasons])}`)
      },
    },
    {
      name: 'begins pieces of higher priority first',
      skip: unless(honoursPriorities, 'takes no notice of priorities'),
      run: () => expectNoFault('priority'),
    },
    {
      name: 'finishes what is begun before it begins something',
      skip: unless(finishesBegunFirst, 'begins pieces whenever it likes'),
      run: () => expectNoFault('begun'),
    },
  ]
}

function expectFaultless(download: Download, kind: 'starved' | 'priority' | 'begun'): void {
  const fault = download.faults.find((one) => one.kind === kind)
  expectThat(fault === undefined, () => fault?.what ?? '')
}

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

function askForEachAlone(picker: PiecePicker): void {
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

function askForAllowed(picker: PiecePicker): void {
  for (const piece of [0, 7, 1_499]) {
    const download = fresh(picker, 1_500)
    const peer = download.torrent.join(NumberSet.of(1_500), { isChoking: true, allowed: [piece] })
    download.reset()
    expectSame(piecesOf(download.pick(peer, 4)), [piece], `a choking peer that allows piece ${piece} is asked for`)
  }
}

function helpOthers(picker: PiecePicker): void {
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

function endWithNothing(picker: PiecePicker): void {
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

function followPriorities(picker: PiecePicker): void {
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
function notice(picker: PiecePicker): void {
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

function noticeAll(picker: PiecePicker): void {
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

function renewedOften(picker: PiecePicker, seed: string): Download {
  const download = new Download({ picker, seed: `renewed ${seed}` })
  for (let times = 0; times < 12; times++) {
    download.renew()
    liveThrough(download, 20)
  }
  return download
}

function finish(picker: PiecePicker): void {
  for (const seed of ['a', 'b', 'c']) {
    const download = new Download({ picker, seed: `finish ${seed}`, pieceCount: 60 })
    const { torrent } = download
    for (let count = 0; count < 5; count++) torrent.join(someHaves(download))
    for (let piece = 0; piece < 60; piece++) [...torrent.peers][piece % 5]?.haves.add(piece)
    download.reset()
    for (let round = 0; torrent.nextWanted(0) >= 0; round++) {
      const missing = 60 - torrent.have.count
      expectThat(round < 200, `after 200 rounds of 5 peers ${missing} of 60 pieces are missing (seed ${seed})`)
      for (const peer of torrent.peers) download.pick(peer, 20)
      for (const peer of torrent.peers) deliver(download, peer)
    }
  }
}

/** The reference throws when a call takes too many steps; what is left to see is that peers are served all the same. */
function measure(picker: PiecePicker, pieceCount: number): void {
  const download = new Download({ picker, seed: 'measure', pieceCount, judgesOrder: false })
  download.reset()
  const { torrent } = download
  const seed = torrent.join(NumberSet.of(pieceCount))
  const last = torrent.join(new NumberSet(pieceCount, [pieceCount - 1]))
  const none = torrent.join(new NumberSet(pieceCount))
  const choking = torrent.join(NumberSet.of(pieceCount), { isChoking: true, allowed: [pieceCount >> 1] })
  download.reset()
  for (let round = 0; round < 5; round++) {
    for (const peer of [none, choking, last, seed]) download.pick(peer, 16)
    deliver(download, seed)
  }
  for (let piece = 0; piece + 1 < pieceCount; piece++) torrent.finish(piece, true)
  download.reset()
  for (const peer of [none, choking, seed, last]) download.pick(peer, 16)
  expectFaultless(download, 'starved')
}

/** Two torrents in turns take what each takes alone. */
function keepApart(picker: PiecePicker): void {
  const make = (seed: string): Download => {
    const download = new Download({ picker, seed })
    download.reset()
    return download
  }
  const alone = ['left', 'right'].map((seed) => {
    const download = make(seed)
    for (let turn = 0; turn < 10; turn++) liveThrough(download, 20)
    return download.taken
  })
  const together = ['left', 'right'].map(make)
  for (let turn = 0; turn < 10; turn++) for (const download of together) liveThrough(download, 20)
  for (const [index, download] of together.entries()) {
    expectFaultless(download, 'starved')
    expectSame(download.taken, alone[index], 'beside another torrent, what is taken for the same seed')
  }
}

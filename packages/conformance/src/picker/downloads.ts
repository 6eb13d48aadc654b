// Whole downloads, judged by the reference.
import type { PiecePicker } from '@bitloom/core'
import { NumberSet } from '../kit/bits.js'
import { expectSame, expectThat } from '../kit/expect.js'
import { Download } from './download.js'
import { deliver, liveThrough, someHaves } from './history.js'

export function expectFaultless(download: Download, kind: 'starved' | 'priority' | 'begun'): void {
  const fault = download.faults.find((one) => one.kind === kind)
  expectThat(fault === undefined, () => fault?.what ?? '')
}

export function renewedOften(picker: PiecePicker, seed: string): Download {
  const download = new Download({ picker, seed: `renewed ${seed}` })
  for (let times = 0; times < 12; times++) {
    download.renew()
    liveThrough(download, 20)
  }
  return download
}

export function finish(picker: PiecePicker): void {
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
export function measure(picker: PiecePicker, pieceCount: number): void {
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
export function keepApart(picker: PiecePicker): void {
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

import { Bits, type PeerView } from '@bitloom/core'
import { describe, expect, it } from 'vitest'
import { randomOrder, rarestFirst } from '../src/rarest-first.js'
import { sequential } from '../src/sequential.js'
import { FakeTorrent, peerOf, type Picture, seeded, type Taken } from './picture.js'

const pickers = { rarest: rarestFirst(0), sequential: sequential(), random: randomOrder() }

/** What one peer is asked for, as a picture: digits tell the order in which pieces are taken, from 1. */
function order(
  name: keyof typeof pickers,
  picture: Picture,
  haves: string,
  options: { budget?: number; choking?: boolean; seed?: number } = {},
): string {
  const torrent = new FakeTorrent(picture)
  const log: Taken[] = []
  const peer = peerOf(haves, options.choking)
  pickers[name].create(torrent, seeded(options.seed ?? 1)).pick(peer, torrent.picks(peer, options.budget ?? 1_000, log))
  return [...haves].map((_, piece) => String(log.findIndex((taken) => taken.piece === piece) + 1 || '.')).join('')
}

describe('rarest-first', () => {
  it('does not look past all of the rarest for a random start with a peer that lacks them', () => {
    let looks = 0
    const haves = { count: 500, has: (piece: number) => ((looks += 1), piece >= 500) }
    const peer = { haves, isChoking: false } as unknown as PeerView
    for (let seed = 0; seed < 100; seed++) {
      const torrent = new FakeTorrent({ availability: '1'.repeat(500) + '2'.repeat(500) })
      rarestFirst(4).create(torrent, seeded(seed)).pick(peer, torrent.picks(peer, 1))
    }
    expect(looks).toBeLessThan(100 * 20)
  })

  it.each<[string, Picture, string, string]>([
    ['rarest first', { availability: '42513' }, '#####', '42513'],
    ['only what the peer has', { availability: '42513' }, '#.#.#', '2.3.1'],
    ['not what we have', { availability: '4*5*3' }, '#####', '2.3.1'],
    ['not what is unwanted', { availability: '42513', priorities: '40404' }, '#####', '2.3.1'],
    ['priority before rarity', { availability: '19919', priorities: '17417' }, '#####', '51342'],
    ['all priorities', { availability: '1111111', priorities: '1726354' }, '#######', '7162534'],
    ['a lone piece', { availability: '1' }, '#', '1'],
    ['nothing to want', { availability: '***' }, '###', '...'],
    ['nothing to have', { availability: '123' }, '...', '...'],
  ])('%s', (_, picture, haves, expected) => {
    // Equal pieces come in either order.
    const seen = Array.from({ length: 20 }, (_none, seed) => order('rarest', picture, haves, { seed }))
    expect(seen).toContain(expected)
  })

  it('takes what a choking peer allows, wherever it ranks', () => {
    const torrent = new FakeTorrent({ availability: '123456789' })
    const peer = peerOf('#########', true)
    const log: Taken[] = []
    const picks = torrent.picks(peer, 8, log)
    const take = (piece: number, reason: string): number => (piece === 8 ? picks.take(piece, reason) : 0)
    pickers.rarest
      .create(torrent, seeded(1))
      .pick(peer, Object.create(picks, { take: { value: take } }) as typeof picks)
    expect(log).toEqual([{ piece: 8, blocks: 4, reason: 'rarest' }])
  })

  it('finishes what is begun before it begins something', () => {
    const torrent = new FakeTorrent({ availability: '19191', blocksPerPiece: 4 })
    torrent.free[1] = 3
    torrent.free[3] = 1
    const peer = peerOf('#####')
    const log: Taken[] = []
    pickers.rarest.create(torrent, seeded(1)).pick(peer, torrent.picks(peer, 6, log))
    expect(log.slice(0, 2)).toEqual([
      { piece: 3, blocks: 1, reason: 'partial' },
      { piece: 1, blocks: 3, reason: 'partial' },
    ])
    expect(log[2]).toMatchObject({ blocks: 2, reason: 'rarest' })
  })

  it('leaves a piece that another peer leads alone, until there is nothing else', () => {
    const torrent = new FakeTorrent({ availability: '15', blocksPerPiece: 4 })
    const picker = pickers.rarest.create(torrent, seeded(1))
    const [leader, other] = [peerOf('##'), peerOf('##')]
    picker.pick(leader, torrent.picks(leader, 2))
    torrent.led.add(0)
    const log: Taken[] = []
    picker.pick(other, torrent.picks(other, 5, log))
    expect(log).toEqual([
      { piece: 1, blocks: 4, reason: 'rarest' },
      { piece: 0, blocks: 1, reason: 'helps' },
    ])
  })

  it('asks again for a piece that failed', () => {
    const torrent = new FakeTorrent({ availability: '125' })
    const picker = pickers.rarest.create(torrent, seeded(1))
    const peer = peerOf('###')
    picker.pick(peer, torrent.picks(peer, 8))
    torrent.free[0] = 4
    picker.changed?.(0)
    const log: Taken[] = []
    picker.pick(peer, torrent.picks(peer, 8, log))
    expect(log.map(({ piece, reason }) => `${piece} ${reason}`)).toEqual(['0 rarest', '2 rarest'])
  })

  it('asks a peer that had nothing more as soon as it has, or something it has is wanted', () => {
    const torrent = new FakeTorrent({ availability: '1231', priorities: '4440' })
    const picker = pickers.rarest.create(torrent, seeded(1))
    const haves = new Bits(4)
    haves.add(0)
    haves.add(3)
    const peer = { ...peerOf('....'), haves }
    const asked = (): number[] => {
      const log: Taken[] = []
      picker.pick(peer, torrent.picks(peer, 8, log))
      return log.map(({ piece }) => piece)
    }
    expect([asked(), asked()]).toEqual([[0], []])
    haves.add(2)
    picker.changed?.(2)
    expect([asked(), asked()]).toEqual([[2], []])
    torrent.priorities[3] = 4
    picker.changed?.(3)
    expect([asked(), asked()]).toEqual([[3], []])
    torrent.free[0] = 4
    picker.reset?.()
    expect([asked(), asked()]).toEqual([[0], []])
  })

  it('draws among equals', () => {
    const first = Array.from({ length: 60 }, (_, seed) =>
      order('rarest', { availability: '93333' }, '#####', { seed }).indexOf('1'),
    )
    expect(new Set(first)).toEqual(new Set([1, 2, 3, 4]))
  })

  it('keeps drawing among equals as pieces become rarer and more common', () => {
    const first = new Set<number | undefined>()
    for (let seed = 0; seed < 60; seed++) {
      const torrent = new FakeTorrent({ availability: '12222' })
      const picker = pickers.rarest.create(torrent, seeded(seed))
      const peer = peerOf('#####')
      picker.pick(peer, torrent.picks(peer, 0))
      picker.pick(peerOf('.....'), torrent.picks(peerOf('.....'), 1))
      torrent.counts[0] = 2
      picker.changed?.(0)
      const log: Taken[] = []
      picker.pick(peer, torrent.picks(peer, 1, log))
      first.add(log[0]?.piece)
    }
    expect(first).toEqual(new Set([0, 1, 2, 3, 4]))
  })

  it('follows what peers say they have, and a reset', () => {
    const torrent = new FakeTorrent({ availability: '1234' })
    const picker = pickers.rarest.create(torrent, seeded(1))
    const peer = peerOf('####')
    const firstOf = (): number | undefined => {
      const log: Taken[] = []
      picker.pick(peer, torrent.picks(peer, 1, log))
      const [taken] = log
      // As if the block had been rejected: it is free again.
      if (taken !== undefined) torrent.free[taken.piece] = 4
      if (taken !== undefined) picker.changed?.(taken.piece)
      return taken?.piece
    }
    expect(firstOf()).toBe(0)
    for (let at = 0; at < 2; at++) {
      torrent.counts[0] = (torrent.counts[0] ?? 0) + 1
      picker.changed?.(0)
    }
    expect(firstOf()).toBe(1)
    torrent.counts.splice(0, 4, 5, 5, 1, 5)
    expect(firstOf()).toBe(1)
    picker.reset?.()
    expect(firstOf()).toBe(2)
  })

  it('is not misled by seeds, which come and go without a word', () => {
    const torrent = new FakeTorrent({ availability: '2345' })
    const picker = pickers.rarest.create(torrent, seeded(1))
    const peer = peerOf('####')
    picker.pick(peer, torrent.picks(peerOf('....'), 1))
    torrent.seeds = 3
    torrent.counts[3] = 6
    picker.changed?.(3)
    torrent.counts[0] = 3
    picker.changed?.(0)
    torrent.counts[0] = 4
    picker.changed?.(0)
    torrent.seeds = 1
    torrent.counts[2] = 5
    picker.changed?.(2)
    const log: Taken[] = []
    picker.pick(peer, torrent.picks(peer, 16, log))
    expect(log.map(({ piece }) => piece)).toEqual([1, 0, 2, 3])
  })

  it('keeps priorities apart, however common a piece becomes', () => {
    const torrent = new FakeTorrent({ availability: '11', priorities: '74' })
    const picker = pickers.rarest.create(torrent, seeded(1))
    const peer = peerOf('##')
    picker.pick(peer, torrent.picks(peerOf('..'), 1))
    for (let at = 0; at < 40; at++) {
      torrent.counts[0] = (torrent.counts[0] ?? 0) + 1
      picker.changed?.(0)
    }
    const log: Taken[] = []
    picker.pick(peer, torrent.picks(peer, 8, log))
    expect(log.map(({ piece }) => piece)).toEqual([0, 1])
  })

  it('ranks a piece anew that was begun, unwanted and wanted again', () => {
    const torrent = new FakeTorrent({ availability: '15' })
    const picker = pickers.rarest.create(torrent, seeded(1))
    const peer = peerOf('##')
    picker.pick(peer, torrent.picks(peer, 1))
    torrent.free[0] = 4
    for (const priority of [0, 4]) {
      torrent.priorities[0] = priority
      picker.reset?.()
      picker.pick(peer, torrent.picks(peerOf('..'), 1))
    }
    const log: Taken[] = []
    picker.pick(peer, torrent.picks(peer, 8, log))
    expect(log.map(({ piece, reason }) => `${piece} ${reason}`)).toEqual(['0 rarest', '1 rarest'])
  })

  it('gets past what others have begun and asked for, and does not try that again', () => {
    const torrent = new FakeTorrent({ availability: '11111111199' })
    torrent.free.fill(0, 0, 9)
    const picker = pickers.rarest.create(torrent, seeded(1))
    const peer = peerOf('###########')
    const triedFor = (): string[] => {
      const tried: string[] = []
      const picks = torrent.picks(peer, 4)
      const take = (piece: number, reason: string): number => {
        tried.push(reason)
        return picks.take(piece, reason)
      }
      picker.pick(peer, Object.create(picks, { take: { value: take } }) as typeof picks)
      return tried
    }
    expect(triedFor()).toEqual(Array(10).fill('rarest'))
    expect(triedFor()).toEqual(['rarest'])
  })

  it('finds the one piece among thousands that a choking peer allows', () => {
    const torrent = new FakeTorrent({ availability: `${'1'.repeat(3_000)}9` })
    const peer = peerOf('#'.repeat(3_001), true)
    const log: Taken[] = []
    const picks = torrent.picks(peer, 4, log)
    const take = (piece: number, reason: string): number => (piece === 3_000 ? picks.take(piece, reason) : 0)
    pickers.rarest
      .create(torrent, seeded(1))
      .pick(peer, Object.create(picks, { take: { value: take } }) as typeof picks)
    expect(log).toEqual([{ piece: 3_000, blocks: 4, reason: 'rarest' }])
  })

  it('does not try a whole torrent while memory is short, and goes on afterwards', () => {
    const torrent = new FakeTorrent({ availability: '5'.repeat(20_000) })
    const picker = pickers.rarest.create(torrent, seeded(1))
    const peer = peerOf('#'.repeat(20_000))
    const picks = torrent.picks(peer, 4)
    let tried = 0
    torrent.isShortOfMemory = true
    const take = (piece: number, reason: string): number => {
      tried++
      return picks.take(piece, reason)
    }
    picker.pick(peer, Object.create(picks, { take: { value: take } }) as typeof picks)
    expect(tried).toBeLessThan(2_000)
    torrent.isShortOfMemory = false
    const log: Taken[] = []
    picker.pick(peer, torrent.picks(peer, 4, log))
    expect(log).toHaveLength(1)
  })
})

describe('rarest-first at the start', () => {
  /** The pieces that are taken first of all, over many seeds, after `done` pieces became whole. */
  function firsts(done: number, picture: Picture): Set<number | undefined> {
    const first = new Set<number | undefined>()
    for (let seed = 0; seed < 80; seed++) {
      const torrent = new FakeTorrent(picture)
      const picker = rarestFirst(4).create(torrent, seeded(seed))
      const peer = peerOf('#'.repeat(torrent.pieceCount))
      picker.pick(peer, torrent.picks(peerOf('.'.repeat(torrent.pieceCount)), 1))
      for (let piece = torrent.pieceCount - done; piece < torrent.pieceCount; piece++) {
        torrent.have.add(piece)
        picker.changed?.(piece)
      }
      const log: Taken[] = []
      picker.pick(peer, torrent.picks(peer, 1, log))
      first.add(log[0]?.piece)
    }
    return first
  }

  it('takes pieces at random until it has four', () => {
    expect(firsts(0, { availability: '12345678' }).size).toBe(8)
    expect(firsts(3, { availability: '12345678' })).toEqual(new Set([0, 1, 2, 3, 4]))
    expect(firsts(4, { availability: '12345678' })).toEqual(new Set([0]))
  })

  it('stays within the highest priority', () => {
    expect(firsts(0, { availability: '12345678', priorities: '44747444' })).toEqual(new Set([2, 4]))
  })

  it('leaves a piece that another peer leads to the end', () => {
    for (let seed = 0; seed < 20; seed++) {
      const torrent = new FakeTorrent({ availability: '1234567' })
      const picker = rarestFirst(4).create(torrent, seeded(seed))
      const peer = peerOf('#######')
      const led: Taken[] = []
      picker.pick(peer, torrent.picks(peer, 1, led))
      for (const { piece } of led) torrent.led.add(piece)
      const log: Taken[] = []
      picker.pick(peer, torrent.picks(peer, 1_000, log))
      expect(log).toHaveLength(7)
      expect(log[6]).toEqual({ piece: led[0]?.piece, blocks: 3, reason: 'helps' })
    }
  })

  it('takes all that it may, not only the pieces after the draw', () => {
    const torrent = new FakeTorrent({ availability: '1234567' })
    const peer = peerOf('#######')
    const log: Taken[] = []
    rarestFirst(4)
      .create(torrent, seeded(3))
      .pick(peer, torrent.picks(peer, 1_000, log))
    expect(log.map(({ piece }) => piece).sort()).toEqual([0, 1, 2, 3, 4, 5, 6])
  })
})

describe('sequential', () => {
  it.each<[string, Picture, string, string]>([
    ['in order, whatever is rare', { availability: '42513' }, '#####', '12345'],
    ['only what the peer has and we lack', { availability: '4251*' }, '.#.##', '.1.2.'],
    ['higher priorities first', { availability: '11111', priorities: '47074' }, '#####', '31.24'],
  ])('%s', (_, picture, haves, expected) => {
    expect(order('sequential', picture, haves)).toBe(expected)
  })

  it('finishes what is begun first, and notices a new priority', () => {
    const torrent = new FakeTorrent({ availability: '1111' })
    torrent.free[2] = 1
    const picker = pickers.sequential.create(torrent, seeded(1))
    const peer = peerOf('####')
    const log: Taken[] = []
    picker.pick(peer, torrent.picks(peer, 2, log))
    torrent.priorities[3] = 7
    picker.changed?.(3)
    picker.pick(peer, torrent.picks(peer, 4, log))
    expect(log.map(({ piece, reason }) => `${piece} ${reason}`)).toEqual(['2 partial', '0 next', '0 partial', '3 next'])
  })

  it('never asks beyond the budget', () => {
    expect(order('sequential', { availability: '111', blocksPerPiece: 4 }, '###', { budget: 5 })).toBe('12.')
  })
})

describe('random', () => {
  it('takes everything once, in any order, highest priority first', () => {
    const seen = new Set(
      Array.from({ length: 60 }, (_, seed) =>
        order('random', { availability: '19*5', priorities: '4447' }, '####', { seed }),
      ),
    )
    expect(seen).toEqual(new Set(['23.1', '32.1']))
  })
})

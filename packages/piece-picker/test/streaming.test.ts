import type { Clock, Random } from '@bitloom/core'
import { describe, expect, it } from 'vitest'
import type { PlaybackOptions } from '../src/playback.js'
import { streaming } from '../src/streaming.js'
import { FakeTorrent, peerOf, type Picture, seeded, type Taken } from './picture.js'

const pieceBytes = 65_536
/** Four blocks a piece, so that one second plays one piece. */
const pieceASecond = { bytesPerSecond: pieceBytes }

/** Never draws the one refill in five that takes of the rest first. */
const windowFirst: Random = { ...seeded(1), below: (limit) => (limit === 5 ? 4 : seeded(1).below(limit)) }

/** A torrent that is played on virtual time. */
function player(picture: Picture, options: PlaybackOptions, random: Random = windowFirst) {
  const torrent = new FakeTorrent(picture)
  const clock: Clock & { at: number } = {
    at: 5_000,
    nowMs: () => clock.at,
    wallMs: () => clock.at,
    after: () => () => {},
  }
  const picker = streaming(clock, options).create(torrent, random)
  return {
    torrent,
    picker,
    wait: (seconds: number) => void (clock.at += seconds * 1_000),
    /** What a peer is asked for, in order: "2x4 deadline". */
    ask(haves: string, budget: number): string[] {
      const log: Taken[] = []
      const peer = peerOf(haves)
      picker.pick(peer, torrent.picks(peer, budget, log))
      return log.map(({ piece, blocks, reason }) => `${piece}x${blocks} ${reason}`)
    },
    /** Pieces came whole. */
    came(...pieces: number[]): void {
      for (const piece of pieces) {
        torrent.have.add(piece)
        picker.changed?.(piece)
      }
    },
  }
}

describe('streaming', () => {
  it('takes the window rarest first, then the rarest of the rest', () => {
    const { ask } = player({ availability: '738993919' }, { windowBytes: 3 * pieceBytes })
    expect(ask('#########', 20)).toEqual(['1x4 window', '0x4 window', '2x4 window', '7x4 rarest', '5x4 rarest'])
  })

  it('takes equal pieces of the window in another order for each torrent, so that viewers have something to give', () => {
    const first = (seed: number) =>
      player({ availability: '5555' }, { windowBytes: 4 * pieceBytes }, seeded(seed)).ask('####', 4)
    const firsts = new Set(Array.from({ length: 40 }, (_, seed) => first(seed)[0]?.split('x')[0]))
    expect([...firsts].sort()).toEqual(['0', '1', '2', '3'])
  })

  it('takes of the rest first in one refill of five', () => {
    const first = (seed: number) =>
      player({ availability: '5551' }, { windowBytes: 2 * pieceBytes }, seeded(seed)).ask('####', 4)
    const rest = Array.from({ length: 500 }, (_, seed) => first(seed)[0]).filter((taken) => taken === '3x4 rarest')
    expect(rest.length).toBeGreaterThan(60)
    expect(rest.length).toBeLessThan(140)
  })

  it('leaves most of a small torrent to be taken rarest first, where nothing is known of the player', () => {
    const { ask } = player({ availability: '89999999999999999999999999999991' }, {})
    expect(ask('#'.repeat(32), 12)).toEqual(['0x4 window', '1x4 window', '31x4 rarest'])
  })

  it('shares a piece of the window among peers, however fast the first is', () => {
    const { ask, torrent } = player({ availability: '1222' }, { windowBytes: 2 * pieceBytes })
    expect(ask('####', 3)).toEqual(['0x3 window'])
    torrent.led.add(0)
    expect(ask('####', 3)).toEqual(['0x1 window', '1x2 window'])
  })

  it('takes of the window what the peer has', () => {
    const { ask } = player({ availability: '222222' }, { windowBytes: 3 * pieceBytes })
    expect(ask('.#..#.', 99)).toEqual(['1x4 window', '4x4 rarest'])
  })

  it('moves the window with the pieces that are there in a row', () => {
    const { ask, came } = player({ availability: '22222221' }, { windowBytes: 2 * pieceBytes })
    came(0, 1, 3)
    expect(ask('########', 8)).toEqual(['2x4 window', '7x4 rarest'])
  })
})

describe('streaming at a rate', () => {
  it('finds nothing urgent while enough is there, and comes back to the window as it is played', () => {
    const { ask, came, wait } = player(
      { availability: '5555554555555553' },
      { ...pieceASecond, windowBytes: 4 * pieceBytes },
    )
    came(0, 1, 2, 3, 4, 5)
    expect(ask('################', 4)).toEqual(['15x4 rarest'])
    wait(4)
    expect(ask('################', 8)).toEqual(['6x4 window', '7x4 window'])
  })

  it('takes in order what is due in a moment, however common', () => {
    const { ask, came, wait } = player(
      { availability: '55555597355' },
      { ...pieceASecond, windowBytes: 4 * pieceBytes },
    )
    came(0, 1, 2, 3, 4, 5)
    ask('###########', 0)
    wait(5)
    expect(ask('###########', 12)).toEqual(['6x4 deadline', '8x4 window', '7x4 window'])
  })

  it('asks what is late of a second peer, and of no third', () => {
    const { ask, came, wait } = player({ availability: '55455555' }, { ...pieceASecond, windowBytes: 4 * pieceBytes })
    came(0, 1)
    expect(ask('########', 8)).toEqual(['2x4 window', '3x4 window'])
    // Due in a second, but asked just now; then due, and asked two seconds ago.
    wait(1)
    expect(ask('########', 4)).toEqual(['4x4 window'])
    wait(1)
    expect(ask('########', 4)).toEqual(['2x4 late'])
    wait(9)
    expect(ask('########', 99)).not.toContain('2x4 late')
  })

  it('waits for the start, and for a piece that is missing', () => {
    const { ask, came, wait } = player(
      { availability: '5555555555555555' },
      { ...pieceASecond, windowBytes: 2 * pieceBytes, startAfterBytes: 4 * pieceBytes },
    )
    came(0, 1)
    wait(100)
    // Not started: the position is 0, and pieces 0 and 1 are all of the window.
    expect(ask('################', 4)[0]).toMatch(/rarest/)
    came(2, 3)
    ask('################', 0)
    wait(100)
    // Played as far as it goes: the window begins at piece 4.
    expect(ask('################', 8)[0]).toMatch(/^[45]x\d window/)
  })

  it('jumps where priorities say', () => {
    const { ask, torrent, picker } = player(
      { availability: '4555554555' },
      { ...pieceASecond, windowBytes: 2 * pieceBytes },
    )
    expect(ask('##########', 4)).toEqual(['0x4 window'])
    for (const piece of [6, 7, 8, 9]) torrent.priorities[piece] = 7
    picker.reset?.()
    expect(ask('##########', 8)).toEqual(['6x4 window', '7x4 window'])
  })

  it('goes back to what is left when the priority pieces are all there', () => {
    const { ask, came } = player({ availability: '4545', priorities: '4477' }, pieceASecond)
    expect(ask('####', 8)).toEqual(['2x4 window', '3x4 window'])
    came(2, 3)
    expect(ask('####', 8)).toEqual(['0x4 window', '1x4 window'])
  })

  it('takes nothing when all is there', () => {
    const { ask } = player({ availability: '****' }, pieceASecond)
    expect(ask('####', 8)).toEqual([])
  })
})

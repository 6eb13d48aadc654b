import type { Clock } from '@bitloom/core'
import { describe, expect, it } from 'vitest'
import type { PlaybackOptions } from '../src/playback.js'
import { streaming } from '../src/streaming.js'
import { FakeTorrent, peerOf, type Picture, seeded, type Taken } from './picture.js'

const pieceBytes = 65_536
/** Four blocks a piece, so that one second plays one piece. */
const pieceASecond = { bytesPerSecond: pieceBytes }

/** A torrent that is played on virtual time. */
function player(picture: Picture, options: PlaybackOptions, seed = 1) {
  const torrent = new FakeTorrent(picture)
  const clock: Clock & { at: number } = {
    at: 5_000,
    nowMs: () => clock.at,
    wallMs: () => clock.at,
    after: () => () => {},
  }
  const picker = streaming(clock, options).create(torrent, seeded(seed))
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
  it('takes the window in order, then the rarest of the rest', () => {
    const { ask } = player({ availability: '999993919' }, { windowBytes: 3 * pieceBytes })
    expect(ask('#########', 20)).toEqual(['0x4 deadline', '1x4 deadline', '2x4 deadline', '7x4 rarest', '5x4 rarest'])
  })

  it('leaves most of a small torrent to be taken rarest first, where nothing is known of the player', () => {
    const { ask } = player({ availability: '99999999999999999999999999999991' }, {})
    expect(ask('#'.repeat(32), 12)).toEqual(['0x4 deadline', '1x4 deadline', '31x4 rarest'])
  })

  it('shares a piece of the window among peers, however fast the first is', () => {
    const { ask, torrent } = player({ availability: '2222' }, { windowBytes: 2 * pieceBytes })
    expect(ask('####', 3)).toEqual(['0x3 deadline'])
    torrent.led.add(0)
    expect(ask('####', 3)).toEqual(['0x1 deadline', '1x2 deadline'])
  })

  it('takes of the window what the peer has', () => {
    const { ask } = player({ availability: '222222' }, { windowBytes: 3 * pieceBytes })
    expect(ask('.#..#.', 99)).toEqual(['1x4 deadline', '4x4 rarest'])
  })

  it('moves the window with the pieces that are there in a row', () => {
    const { ask, came } = player({ availability: '22222221' }, { windowBytes: 2 * pieceBytes })
    came(0, 1, 3)
    expect(ask('########', 8)).toEqual(['2x4 deadline', '7x4 rarest'])
  })
})

describe('streaming at a rate', () => {
  it('finds nothing urgent while enough is there, and comes back to the window as it is played', () => {
    const { ask, came, wait } = player(
      { availability: '5555555555555553' },
      { ...pieceASecond, windowBytes: 4 * pieceBytes },
    )
    came(0, 1, 2, 3, 4, 5)
    expect(ask('################', 4)).toEqual(['15x4 rarest'])
    wait(4)
    expect(ask('################', 8)).toEqual(['6x4 deadline', '7x4 deadline'])
  })

  it('asks what is late of a second peer, and of no third', () => {
    const { ask, came, wait } = player({ availability: '55555555' }, { ...pieceASecond, windowBytes: 4 * pieceBytes })
    came(0, 1)
    expect(ask('########', 8)).toEqual(['2x4 deadline', '3x4 deadline'])
    // Due in a second, but asked just now; then due, and asked two seconds ago.
    wait(1)
    expect(ask('########', 4)).toEqual(['4x4 deadline'])
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
    expect(ask('################', 8)[0]).toMatch(/^[4]x\d deadline/)
  })

  it('jumps where priorities say', () => {
    const { ask, torrent, picker } = player(
      { availability: '5555555555' },
      { ...pieceASecond, windowBytes: 2 * pieceBytes },
    )
    expect(ask('##########', 4)).toEqual(['0x4 deadline'])
    for (const piece of [6, 7, 8, 9]) torrent.priorities[piece] = 7
    picker.reset?.()
    expect(ask('##########', 8)).toEqual(['6x4 deadline', '7x4 deadline'])
  })

  it('goes back to what is left when the priority pieces are all there', () => {
    const { ask, came } = player({ availability: '5555', priorities: '4477' }, pieceASecond)
    expect(ask('####', 8)).toEqual(['2x4 deadline', '3x4 deadline'])
    came(2, 3)
    expect(ask('####', 8)).toEqual(['0x4 deadline', '1x4 deadline'])
  })

  it('takes nothing when all is there', () => {
    const { ask } = player({ availability: '****' }, pieceASecond)
    expect(ask('####', 8)).toEqual([])
  })
})

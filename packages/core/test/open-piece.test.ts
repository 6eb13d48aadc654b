import { describe, expect, it } from 'vitest'
import { createLayout } from '../src/metainfo/layout.js'
import type { Peer } from '../src/peer/peer.js'
import { blockReceived, OpenPiece } from '../src/torrent/open-piece.js'

const block = 16_384
const layout = createLayout([{ lengthBytes: 4 * block + 100, offsetBytes: 0, padding: false }], 5 * block)
const job = { id: 1, plan: { sha1: true, leaves: false, zeroTailBytes: 0 } }
const [alice, bob] = [{} as Peer, {} as Peer]

function open(extentBytes = 2 * block) {
  const piece = new OpenPiece(0, job, false, layout, extentBytes, 0)
  const brings = (peer: Peer | undefined, ...blocks: number[]): void => {
    for (const at of blocks) {
      if (peer !== undefined) piece.gave(at, peer)
      piece.states[at] = blockReceived
    }
  }
  return { piece, brings }
}

describe('extents of an open piece', () => {
  it('cover it without gaps, and the last one ends with it', () => {
    const { extents } = open().piece
    expect(extents.map(({ begin, lengthBytes }) => [begin, lengthBytes])).toEqual([
      [0, 2 * block],
      [2 * block, 2 * block],
      [4 * block, 100],
    ])
    expect(extents.map(({ missingBlocks }) => missingBlocks)).toEqual([2, 2, 1])
  })

  it('are found by where a block begins', () => {
    for (const [extentBytes, expected] of [
      [2 * block, [0, 0, 1, 1, 2]],
      [8 * block, [0, 0, 0, 0, 0]],
    ] as const) {
      const { piece } = open(extentBytes)
      expect(expected.map((_, at) => piece.extentAt(at * block)?.index)).toEqual(expected)
    }
  })
})

describe('who brought the blocks of an open piece', () => {
  it('is nobody before any is there', () => {
    const { piece } = open()
    expect([piece.contributors, piece.isMixed]).toEqual([[], false])
  })

  it('is one peer for all, as long as one brings them', () => {
    const { piece, brings } = open()
    brings(alice, 2, 0)
    expect(piece.givers.map((giver) => giver === alice)).toEqual([true, false, true, false, false])
    expect([piece.contributors.length, piece.isMixed]).toEqual([1, false])
  })

  it('is told apart by block once another brings one', () => {
    const { piece, brings } = open()
    brings(alice, 2, 0)
    brings(bob, 1)
    brings(alice, 4)
    brings(bob, 3)
    const who = new Map([
      [alice, 'alice'],
      [bob, 'bob'],
    ])
    expect(piece.givers.map((giver) => giver && who.get(giver))).toEqual(['alice', 'bob', 'alice', 'bob', 'alice'])
    expect(piece.contributors.map((peer) => who.get(peer))).toEqual(['alice', 'bob'])
    expect(piece.isMixed).toBe(true)
  })

  it('is not known of blocks of an earlier run', () => {
    const { piece, brings } = open()
    piece.restore()
    brings(undefined, 0, 1)
    brings(alice, 2)
    expect(piece.givers.map((giver) => giver === alice)).toEqual([false, false, true, false, false])
    expect([piece.contributors.length, piece.isMixed]).toEqual([1, true])
  })
})

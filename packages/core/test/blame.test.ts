import { describe, expect, it } from 'vitest'
import type { Peer } from '../src/peer/peer.js'
import { Blame } from '../src/torrent/blame.js'

const [anna, bert, carl] = ['anna', 'bert', 'carl'].map((name) => ({ name }) as unknown as Peer)

/** Fingerprints of blocks that are told apart by a letter each. */
const prints = (blocks: string): Uint8Array =>
  Uint8Array.from([...blocks].flatMap((block) => Array.from({ length: 20 }, () => block.charCodeAt(0))))

describe('blame', () => {
  it('falls on those whose blocks differ from the good copy, and on nobody else', () => {
    const blame = new Blame()
    blame.remember(3, [anna, bert, anna, carl], prints('axcy'))
    blame.remember(3, [bert, bert, carl, carl], prints('abcd'))
    blame.remember(4, [anna, anna, anna, bert], prints('zzzz'))
    expect([3, 4, 5].map((piece) => blame.suspects(piece))).toEqual([true, true, false])
    expect([...blame.judge(3, prints('abcd'))]).toEqual([bert, carl])
    expect(blame.suspects(3)).toBe(false)
    expect([...blame.judge(3, prints('abcd'))]).toEqual([])
    expect([...blame.judge(4, prints('zzzq'))]).toEqual([bert])
  })

  it('falls on nobody when the good copy could not be looked at', () => {
    const blame = new Blame()
    blame.remember(0, [anna, bert], prints('ab'))
    expect([...blame.judge(0, undefined)]).toEqual([])
    expect(blame.suspects(0)).toBe(false)
  })

  it('remembers 65,536 blocks, the latest, and one copy whatever its size', () => {
    const blame = new Blame()
    const half = Array.from({ length: 32_768 }, () => anna)
    for (const piece of [0, 1, 2]) blame.remember(piece, half, new Uint8Array(0))
    expect([0, 1, 2].map((piece) => blame.suspects(piece))).toEqual([false, true, true])
    blame.remember(3, [...half, ...half, bert], new Uint8Array(0))
    expect([1, 2, 3].map((piece) => blame.suspects(piece))).toEqual([false, false, true])
  })
})

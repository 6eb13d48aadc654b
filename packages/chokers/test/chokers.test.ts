import { describe, expect, it } from 'vitest'
import { antiLeech } from '../src/anti-leech.js'
import { bitTyrant } from '../src/bit-tyrant.js'
import { propShare } from '../src/prop-share.js'
import { rateBased } from '../src/rate-based.js'
import { roundRobin } from '../src/round-robin.js'
import { type Actor, pieceBytes, scene } from './scene.js'

const names = (letters: string, actor: Partial<Actor> = {}): Actor[] => [...letters].map((name) => ({ name, ...actor }))

describe.each([
  ['round-robin', () => roundRobin(20)],
  ['anti-leech', antiLeech],
])('%s while downloading', (_, make) => {
  it('gives slots to the best givers, and one to a try', () => {
    const { round } = scene(make(), [...names('xyz'), { name: 'a', gives: 50 }, { name: 'b', gives: 90 }], { slots: 3 })
    const { names: first, reasons } = round()
    expect(first).toMatch(/^ba[xyz]$/)
    expect(reasons).toMatchObject({ a: 'reciprocates', b: 'reciprocates', [first.charAt(2)]: 'optimistic' })
  })

  it('holds a try for 30 s, and draws everybody in the end', () => {
    const { round } = scene(make(), [...names('wxyz'), { name: 'a', gives: 9 }, { name: 'b', gives: 8 }], { slots: 3 })
    const tried = Array.from({ length: 60 }, () => round().names.charAt(2))
    for (let at = 0; at < 60; at += 3) expect(new Set(tried.slice(at, at + 3)).size).toBe(1)
    expect(new Set(tried)).toEqual(new Set(['w', 'x', 'y', 'z']))
  })

  it('counts nothing of a peer that is snubbed', () => {
    const { round } = scene(make(), [{ name: 's', gives: 99, snubbed: true }, ...names('ab', { gives: 5 })], {
      slots: 3,
    })
    expect(round().names.slice(0, 2)).toBe('ab')
  })
})

describe('round-robin while seeding', () => {
  it('lets a peer have its slot for its pieces and a minute, then the one that waits longest', () => {
    const actors = names('abcd', { takes: pieceBytes / 2 })
    const { round } = scene(roundRobin(20), actors, { slots: 1, seeding: true })
    const turns = Array.from({ length: 20 }, () => round().names).join('')
    expect(turns).toBe('aaaaaaabbbbbbbcccccc')
  })

  it('lets one that takes slowly have its pieces, however long it lasts', () => {
    const { round } = scene(roundRobin(20), names('ab', { takes: pieceBytes / 10 }), { slots: 1, seeding: true })
    const turns = Array.from({ length: 42 }, () => round().names).join('')
    expect(turns.indexOf('b')).toBe(21)
  })

  it('passes over one that takes nothing', () => {
    const { round } = scene(roundRobin(20), [{ name: 'i', takes: 0 }, ...names('ab', { takes: 9_000 })], {
      slots: 1,
      seeding: true,
    })
    expect([round().names, round().names]).toEqual(['i', 'a'])
  })

  it('says why', () => {
    const { round } = scene(roundRobin(1), names('ab', { takes: 9_000 }), { slots: 3, seeding: true })
    const rounds = Array.from({ length: 9 }, () => round().reasons)
    expect(rounds[0]).toEqual({ a: 'its turn', b: 'its turn' })
    expect(rounds[1]).toEqual({ a: 'keeps its turn', b: 'keeps its turn' })
    expect(rounds[8]).toEqual({ a: 'nobody waits', b: 'nobody waits' })
  })

  it('changes nothing in rounds that come early', () => {
    const { round } = scene(roundRobin(20), names('abcdef', { takes: 0 }), { slots: 2, seeding: true })
    const first = round(1_000).names
    expect([round(1_000).names, round(1_000).names]).toEqual([first, first])
  })
})

describe('anti-leech while seeding', () => {
  it('prefers beginners and those nearly whole over the middle', () => {
    const actors = [
      { name: 'm', pieces: 50 },
      { name: 'b', pieces: 5 },
      { name: 'w', pieces: 98 },
      { name: 'q', pieces: 30 },
      { name: 'r', pieces: 75 },
    ]
    // One slot of five is a try.
    const { names: chosen, reasons } = scene(antiLeech(), actors, { slots: 5, seeding: true }).round()
    expect(chosen.slice(0, 4)).toBe('wbrq')
    expect(reasons).toMatchObject({ w: 'nearly whole', b: 'just began', r: 'nearly whole', q: 'just began' })
  })

  it('believes that a peer has what we gave it, whatever it says', () => {
    const { round, actors } = scene(
      antiLeech(),
      [
        { name: 'l', takes: pieceBytes * 4 },
        { name: 'n', pieces: 30 },
      ],
      {
        slots: 1,
        seeding: true,
      },
    )
    expect(round().names).toBe('l')
    const { l } = actors
    expect(l?.pieces).toBeUndefined()
    // It had 40 pieces of us by now and still says it has none.
    expect(round().names).toBe('n')
  })
})

describe('rate-based while seeding', () => {
  it('opens slots one by one, as long as each peer takes 2 KiB/s more than the one before it', () => {
    const { round } = scene(rateBased(), names('abcdefgh', { takes: 7_000 }), { slots: 8, seeding: true })
    const counts = Array.from({ length: 8 }, () => round().names.length)
    // 1024, 3072, 5120 are earned with 7000, the fourth would have to take 7168; one more is always open.
    expect(counts).toEqual([1, 2, 3, 4, 4, 4, 4, 4])
  })

  it('keeps one slot when nobody takes anything', () => {
    const { round } = scene(rateBased(), names('abc', { takes: 0 }), { slots: 8, seeding: true })
    for (let at = 0; at < 5; at++) expect(round().names).toHaveLength(1)
  })

  it('keeps the fastest, and tries others on one slot', () => {
    const actors = [...names('ab', { takes: 3_000 }), { name: 'f', takes: 60_000 }, ...names('cd', { takes: 1_200 })]
    const { round } = scene(rateBased(), actors, { slots: 2, seeding: true })
    const rounds = Array.from({ length: 30 }, () => round())
    const late = rounds.slice(15)
    expect(new Set(late.map(({ names: chosen }) => chosen.charAt(0)))).toEqual(new Set(['f']))
    expect(new Set(late.map(({ names: chosen }) => chosen.charAt(1))).size).toBeGreaterThan(2)
    expect(late[0]?.reasons).toMatchObject({ f: 'takes fastest' })
  })

  it('never takes more slots than there are', () => {
    const { round } = scene(rateBased(), names('abcdefgh', { takes: 900_000 }), { slots: 3, seeding: true })
    const counts = Array.from({ length: 9 }, () => round().names.length)
    expect(Math.max(...counts)).toBe(3)
  })
})

describe('bit-tyrant', () => {
  it('raises its offer by a fifth until a peer reciprocates', () => {
    // Somebody who gives a little to everyone is bought with what is left.
    const actors = [
      { name: 'a', gives: 90_000, wants: 20_000 },
      { name: 'b', gives: 100 },
    ]
    const { round } = scene(bitTyrant(24_000), actors, { slots: 4 })
    const offers = Array.from({ length: 4 }, () => Math.round(round().rates['a'] ?? 0))
    expect(offers).toEqual([15_360, 18_432, 22_118, 22_118])
  })

  it('lowers it by a tenth after three rounds in which the peer did, and raises it again', () => {
    const actors = [{ name: 'a', gives: 90_000, wants: 13_000 }, { name: 'n' }, { name: 'm' }]
    const { round } = scene(bitTyrant(24_000), actors, { slots: 4 })
    const offers = Array.from({ length: 7 }, () => Math.round(round().rates['a'] ?? 0))
    expect(offers).toEqual([15_360, 15_360, 15_360, 13_824, 12_442, 14_930, 14_930])
  })

  it('spends its capacity on those who give most for what they want', () => {
    const actors = [
      { name: 'd', gives: 20_000, wants: 15_000 },
      { name: 'c', gives: 90_000, wants: 14_000 },
      { name: 'n', gives: 0 },
      { name: 'e', gives: 40_000, wants: 10_000 },
    ]
    const { round } = scene(bitTyrant(31_000), actors, { slots: 10 })
    const rounds = Array.from({ length: 60 }, () => round())
    for (const { rates } of rounds) {
      const spent = Object.values(rates).reduce<number>((sum, rate) => sum + (rate ?? 0), 0)
      expect(spent).toBeGreaterThan(29_900)
      expect(spent).toBeLessThan(31_001)
    }
    const inAll = (name: string): number => rounds.reduce((sum, { rates }) => sum + (rates[name] ?? 0), 0)
    expect(inAll('c')).toBeGreaterThan(12_500 * 60)
    expect(inAll('n')).toBeLessThan(2_000 * 60)
    expect(rounds[0]?.reasons).toEqual({ d: 'gives most for it', c: 'gives most for it' })
  })

  it('drops a peer that gives nothing for those who do', () => {
    const { round } = scene(bitTyrant(undefined), [...names('n'), ...names('ab', { gives: 30_000, wants: 9_000 })], {
      slots: 2,
      uploadLimit: 40_000,
    })
    const all = Array.from({ length: 12 }, () => round().names)
    expect(all[0]).toBe('na')
    expect(all.at(-1)).toMatch(/^(ab|ba)$/)
  })

  it('only orders without a capacity, and cuts at the slots', () => {
    const { names: chosen, rates } = scene(bitTyrant(undefined), names('abcd', { gives: 10 }), { slots: 2 }).round()
    expect(chosen).toBe('ab')
    expect(rates).toEqual({ a: undefined, b: undefined })
  })

  it('takes turns while seeding', () => {
    const { round } = scene(bitTyrant(9_000), names('ab', { takes: pieceBytes }), { slots: 1, seeding: true })
    expect(Array.from({ length: 14 }, () => round().names).join('')).toBe('aaaaaaabbbbbbb')
  })
})

describe('prop-share', () => {
  it('gives each the part of the upload that it has in the download, and a fifth to tries', () => {
    const actors = [{ name: 'a', gives: 30_000 }, { name: 'b', gives: 10_000 }, ...names('xy')]
    const { rates, reasons } = scene(propShare(undefined), actors, { slots: 4, uploadLimit: 100_000 }).round()
    expect(rates).toEqual({ a: 60_000, b: 20_000, x: 10_000, y: 10_000 })
    expect(reasons).toEqual({ a: 'its share', b: 'its share', x: 'optimistic', y: 'optimistic' })
  })

  it('tries whoever there is while nobody gives', () => {
    const { rates } = scene(propShare(80_000), names('wxyz'), { slots: 4 }).round()
    expect(rates).toEqual({ w: 20_000, x: 20_000, y: 20_000, z: 20_000 })
  })

  it('keeps a slot for a try however many give', () => {
    const { round } = scene(propShare(1_000), names('abcdefgh', { gives: 10 }), { slots: 4 })
    const { names: chosen, reasons } = round()
    expect(chosen).toMatch(/^abc[d-h]$/)
    expect(reasons[chosen.charAt(3)]).toBe('optimistic')
  })

  it('gives all to the givers when nobody is left to try', () => {
    const { rates } = scene(propShare(1_000), names('ab', { gives: 10 }), { slots: 4 }).round()
    expect(rates).toEqual({ a: 500, b: 500 })
  })

  it('follows what peers give', () => {
    const { round, actors } = scene(
      propShare(1_000),
      [
        { name: 'a', gives: 30 },
        { name: 'b', gives: 10 },
      ],
      { slots: 4 },
    )
    expect(round().rates).toEqual({ a: 750, b: 250 })
    if (actors['a'] !== undefined) actors['a'].gives = 10
    expect(round().rates).toEqual({ a: 500, b: 500 })
  })

  it('only orders without a capacity, and takes turns while seeding', () => {
    expect(scene(propShare(undefined), names('ab', { gives: 5 }), { slots: 3 }).round().rates).toEqual({})
    const seeding = scene(propShare(9_000), names('ab', { takes: pieceBytes }), { slots: 1, seeding: true })
    expect(Array.from({ length: 14 }, () => seeding.round().names).join('')).toBe('aaaaaaabbbbbbb')
  })
})

import { describe, expect, it } from 'vitest'
import type { ChokeFacts } from '../src/ports/choker.js'
import type { PeerView, TorrentView } from '../src/ports/views.js'
import { titForTat } from '../src/torrent/tit-for-tat.js'
import { seededRandom } from '../src/bytes/seeded-random.js'

interface Actor {
  readonly name: string
  /** Bytes/s it gives us, and takes from us while unchoked. */
  downRate?: number
  takes?: number
  snubbed?: boolean
  connectedAtMs?: number
}

/** A choker with peers on virtual time: who is unchoked after each round, as core would apply it. */
function swarm(
  actors: readonly Actor[],
  options: { slots: number; seeding?: boolean; seed?: number; pieceBytes?: number },
) {
  const torrent = { content: { pieceLengthBytes: options.pieceBytes ?? 16_384 } } as unknown as TorrentView
  const choose = titForTat.create(torrent, seededRandom(options.seed ?? 1))
  const peers = actors.map((actor, key) => ({
    actor,
    view: { key, name: actor.name, uploadedBytes: 0 },
    unchokedAtMs: undefined as number | undefined,
  }))
  let nowMs = 0
  const reasons: Record<string, string> = {}
  const facts = (): ChokeFacts[] =>
    peers.map(({ actor, view, unchokedAtMs }) => ({
      peer: view as unknown as PeerView,
      downRate: actor.downRate ?? 0,
      upRate: unchokedAtMs === undefined ? 0 : (actor.takes ?? 0),
      theyUnchokeUs: true,
      unchokedAtMs,
      connectedAtMs: actor.connectedAtMs ?? -1_000_000,
      snubbed: actor.snubbed ?? false,
    }))
  return {
    reasons,
    /** One round, then `stepMs` of uploading. */
    round(stepMs = 10_000): string[] {
      const round = {
        nowMs,
        slots: options.slots,
        seeding: options.seeding ?? false,
        uploadLimit: undefined,
        candidates: facts(),
      }
      const list = choose(round).slice(0, options.slots)
      for (const peer of peers) {
        const mine = list.find((unchoke) => unchoke.peer === (peer.view as unknown))
        if (mine === undefined) peer.unchokedAtMs = undefined
        else {
          peer.unchokedAtMs ??= nowMs
          peer.view.uploadedBytes += ((peer.actor.takes ?? 0) * stepMs) / 1_000
          reasons[peer.actor.name] = mine.reason
        }
      }
      nowMs += stepMs
      return list.map((unchoke) => (unchoke.peer as unknown as { name: string }).name)
    },
  }
}

const givers = (...rates: readonly number[]): Actor[] =>
  rates.map((downRate, at) => ({ name: 'abcdefghij'.charAt(at), downRate }))

describe('tit-for-tat while downloading', () => {
  it('gives the slots to those who give most, best first, and one to a try', () => {
    const { round, reasons } = swarm(givers(10, 50, 30, 20, 40, 5), { slots: 4 })
    const chosen = round()
    expect(chosen.slice(0, 3)).toEqual(['b', 'e', 'c'])
    expect(chosen).toHaveLength(4)
    expect(reasons).toMatchObject({
      b: 'reciprocates',
      e: 'reciprocates',
      c: 'reciprocates',
      [chosen[3] ?? '']: 'optimistic',
    })
  })

  it('holds a try for 30 s, and goes round among those who are left', () => {
    const { round } = swarm([...givers(50, 40, 30), { name: 'x' }, { name: 'y' }, { name: 'z' }], { slots: 4 })
    const tries = Array.from({ length: 36 }, () => round()[3])
    for (let at = 0; at < 36; at += 3) {
      expect(tries[at + 1]).toBe(tries[at])
      expect(tries[at + 2]).toBe(tries[at])
    }
    const turns = tries.filter((_, at) => at % 3 === 0)
    expect(turns.filter((name, at) => name === turns[at - 1])).toEqual([])
    expect(new Set(tries)).toEqual(new Set(['x', 'y', 'z']))
  })

  it('tries newly connected peers three times as often', () => {
    let newcomers = 0
    for (let seed = 0; seed < 2_000; seed++) {
      const actors = [{ name: 'old' }, { name: 'new', connectedAtMs: -1_000 }, ...givers(9, 8, 7)]
      if (swarm(actors, { slots: 4, seed }).round()[3] === 'new') newcomers++
    }
    expect(newcomers / 2_000).toBeGreaterThan(0.71)
    expect(newcomers / 2_000).toBeLessThan(0.79)
  })

  it('unchokes a snubbed peer only as a try, whatever it gave', () => {
    const actors = [
      ...givers(50, 40),
      { name: 's', downRate: 90, snubbed: true },
      { name: 't', snubbed: true },
      { name: 'u', snubbed: true },
    ]
    const { round, reasons } = swarm(actors, { slots: 4 })
    const chosen = round()
    expect(chosen.slice(0, 2)).toEqual(['a', 'b'])
    expect(chosen).toHaveLength(3)
    expect(reasons[chosen[2] ?? '']).toBe('optimistic')
  })

  it('gives its only slot to the best giver, and to a try while nobody gives', () => {
    expect(swarm(givers(1, 2), { slots: 1 }).round()).toEqual(['b'])
    const { round, reasons } = swarm([{ name: 'x' }], { slots: 1 })
    expect(round()).toEqual(['x'])
    expect(reasons).toEqual({ x: 'optimistic' })
  })

  it('lets slots nobody earned go round', () => {
    const actors = Array.from({ length: 12 }, (_, at) => ({ name: `p${at}` }))
    const { round } = swarm(actors, { slots: 4 })
    const served = new Set(Array.from({ length: 18 }, () => round()).flat())
    expect(served.size).toBe(12)
  })

  it('names nobody twice and all who are not snubbed, so that core can fill up when some are gone', () => {
    const choose = titForTat.create({} as TorrentView, seededRandom(3))
    const candidates = Array.from({ length: 9 }, (_, key): ChokeFacts => {
      const peer = { key, uploadedBytes: 0 } as PeerView
      return {
        peer,
        downRate: key % 3,
        upRate: 0,
        theyUnchokeUs: true,
        unchokedAtMs: undefined,
        connectedAtMs: 0,
        snubbed: false,
      }
    })
    const list = choose({ nowMs: 0, slots: 3, seeding: false, uploadLimit: undefined, candidates })
    expect(list.map(({ peer }) => peer.key).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
  })
})

describe('tit-for-tat while seeding', () => {
  it('keeps the unchoked, fastest first, until their turn is over', () => {
    const actors = [
      { name: 'a', takes: 10 },
      { name: 'b', takes: 30 },
      { name: 'c', takes: 20 },
      { name: 'd', takes: 99 },
    ]
    const { round, reasons } = swarm(actors, { slots: 3, seeding: true })
    expect(round()).toEqual(['a', 'b', 'c'])
    expect(round()).toEqual(['b', 'c', 'a'])
    expect(reasons).toEqual({ a: 'seeding: rate', b: 'seeding: rate', c: 'seeding: rate' })
  })

  it('ends a turn after 20 pieces, not before a minute', () => {
    const actors = [{ name: 'fast', takes: 16_384 }, { name: 'waits' }]
    const { round, reasons } = swarm(actors, { slots: 1, seeding: true })
    expect(Array.from({ length: 7 }, () => round()[0])).toEqual([...Array<string>(6).fill('fast'), 'waits'])
    expect(reasons['waits']).toBe('seeding: turn')
  })

  it.each([
    ['one that takes slowly, after three minutes', 10, 18],
    ['one that takes nothing, after a minute', 0, 6],
  ])('ends the turn of %s', (_, takes, rounds) => {
    const { round } = swarm(
      [
        { name: 'slow', takes },
        { name: 'waits', takes },
      ],
      { slots: 1, seeding: true },
    )
    expect(Array.from({ length: rounds + 1 }, () => round()[0])).toEqual([
      ...Array<string>(rounds).fill('slow'),
      'waits',
    ])
  })

  it('serves everybody in turn, longest waiting first', () => {
    const actors = Array.from({ length: 10 }, (_, at) => ({ name: `p${at}`, takes: 50_000, connectedAtMs: at }))
    const { round } = swarm(actors, { slots: 2, seeding: true })
    const order: string[] = []
    for (let at = 0; at < 5 * 6; at++) for (const name of round()) if (!order.includes(name)) order.push(name)
    expect(order).toEqual(actors.map(({ name }) => name))
  })

  it('lets a peer keep its slot after its turn while nobody waits', () => {
    const { round } = swarm([{ name: 'only', takes: 1e6 }], { slots: 2, seeding: true })
    for (let at = 0; at < 40; at++) expect(round()).toEqual(['only'])
  })
})

import type { Choker, ChokeRound, PeerView, Unchoke } from '@bitloom/core'
import { expectSame, expectThat, show } from '../kit/expect.js'
import { between, oneOf } from '../kit/random.js'
import { defineSuite, type Guarantee, type TestRunner, unless } from '../kit/runner.js'
import { ChokeSwarm } from './swarm.js'

export interface ChokerConformanceOptions {
  readonly choker: Choker
  /** It may leave a slot empty while a peer that is not snubbed waits, as one that punishes does. Default false. */
  readonly leavesSlotsEmpty?: boolean
  /** Every interested peer has its turn within so many rounds of 10 s; `false` = it may pass peers over. Default 400. */
  readonly turnWithinRounds?: number | false
  /** How many swarms are drawn, seeds "0", "1", … Default 20. */
  readonly histories?: number
}

/** A choker names its reasons by constant strings: so many are enough for anyone. */
const mostReasons = 32

/** Defines the tests of a `Choker`. */
export function chokerConformance(runner: TestRunner, options: ChokerConformanceOptions): void {
  defineSuite(runner, `Choker ${options.choker.name}`, chokerGuarantees(options))
}

type Look = (list: readonly Unchoke[], round: ChokeRound, swarm: ChokeSwarm) => void

function chokerGuarantees(options: ChokerConformanceOptions): readonly Guarantee[] {
  const { choker, leavesSlotsEmpty = false, turnWithinRounds = 400, histories = 20 } = options
  const seeds = Array.from({ length: histories }, (_, index) => `${index}`)
  const everyRound = (look: Look): void => {
    for (const seed of seeds) liveThrough(choker, seed, look)
  }
  return [
    {
      name: 'has a name',
      run: () => expectThat(typeof choker.name === 'string' && choker.name !== '', `its name is ${show(choker.name)}`),
    },
    { name: 'unchokes candidates only', run: () => everyRound(expectCandidates) },
    { name: 'unchokes each peer at most once', run: () => everyRound(expectOnce) },
    {
      name: 'fills the slots while somebody waits',
      skip: unless(!leavesSlotsEmpty, 'leaves slots empty'),
      run: () => everyRound(expectFilled),
    },
    {
      name: `gives every interested peer a turn${turnWithinRounds === false ? '' : ` within ${turnWithinRounds} rounds`}`,
      skip: unless(turnWithinRounds !== false, 'passes peers over'),
      run: () => {
        for (const seeding of [false, true])
          giveTurns(choker, seeding, turnWithinRounds === false ? 0 : turnWithinRounds)
      },
    },
    { name: 'lets go of peers that left', run: () => letGo(choker) },
    { name: 'answers for one candidate and for 500, for no slot and for 1,000', run: () => takeAnyNumber(choker) },
    { name: 'gives rates that are positive, where it gives any', run: () => everyRound(expectRates) },
    {
      name: 'gives a constant string as the reason of each unchoke',
      run: () => {
        const reasons = new Set<unknown>()
        everyRound((list, _round, { where }) => {
          for (const { reason } of list) {
            expectThat(typeof reason === 'string' && reason !== '', () => `the reason ${show(reason)} (${where})`)
            reasons.add(reason)
          }
        })
        expectThat(reasons.size <= mostReasons, () => `${reasons.size} reasons, made as it goes: ${show([...reasons])}`)
      },
    },
    {
      name: 'leaves the round as it is',
      run: () => {
        for (const seed of seeds.slice(0, 5)) leaveAlone(choker, seed)
      },
    },
    {
      name: 'chooses the same for the same seed, with no time or chance of its own',
      run: () => {
        for (const seed of seeds) {
          const [first, second] = [liveThrough(choker, seed).lists, liveThrough(choker, seed).lists]
          expectSame(second, first, `a second run with seed ${seed}`)
        }
      },
    },
    { name: 'keeps torrents apart', run: () => keepApart(choker) },
    {
      name: 'serves equally when it is made in the middle of a swarm',
      run: () => {
        for (const seed of seeds) startLate(choker, seed, leavesSlotsEmpty)
      },
    },
  ]
}

/** Peers of all kinds come and go, rounds come at once and late, and the download ends. */
function liveThrough(choker: Choker, seed: string, look: Look = () => {}): ChokeSwarm {
  const swarm = startSwarm(choker, seed)
  for (let step = 0; step < 60; step++) stepOn(swarm, look)
  swarm.seeding = true
  for (let step = 0; step < 40; step++) stepOn(swarm, look)
  return swarm
}

function startSwarm(choker: Choker, seed: string): ChokeSwarm {
  const slots = [1, 2, 4, 5, 8, 20][Number(seed) % 6] ?? 4
  const swarm = new ChokeSwarm({
    choker,
    seed,
    slots,
    seeding: false,
    ...(Number(seed) % 3 === 0 ? { uploadLimit: 100_000 } : {}),
  })
  for (let count = between(swarm.random, 0, 12); count > 0; count--) joinAny(swarm)
  return swarm
}

function joinAny(swarm: ChokeSwarm): void {
  const { random } = swarm
  swarm.join({
    gives: oneOf(random, [0, 0, 100, 5_000, 20_000, 500_000]),
    takes: oneOf(random, [0, 1_000, 20_000, 1_000_000]),
    isSnubbed: random.below(5) === 0,
  })
}

function stepOn(swarm: ChokeSwarm, look: Look): void {
  const { random, actors } = swarm
  if (random.below(4) === 0 && actors.length < 40) joinAny(swarm)
  if (random.below(6) === 0 && actors.length > 0) swarm.leave(oneOf(random, actors))
  if (actors.length === 0) joinAny(swarm)
  const round = swarm.question()
  look(swarm.round(oneOf(random, [1_000, 10_000, 10_000, 10_000, 61_000])), round, swarm)
}

function keysOf(list: readonly { readonly peer: PeerView }[]): number[] {
  return list.map(({ peer }) => peer.key)
}

const expectCandidates: Look = (list, { candidates }, { where }) => {
  const peers = new Set(candidates.map(({ peer }) => peer))
  const strangers = list.filter(({ peer }) => !peers.has(peer))
  expectThat(strangers.length === 0, () => `unchoked ${show(keysOf(strangers))}, which are no candidates (${where})`)
}

const expectOnce: Look = (list, _round, { where }) => {
  const seen = new Set<PeerView>()
  const twice = list.filter(({ peer }) => seen.has(peer) || !seen.add(peer))
  expectThat(twice.length === 0, () => `unchoked ${show(keysOf(twice))} more than once: a slot is lost (${where})`)
}

const expectFilled: Look = (list, { candidates, slots }, { where }) => {
  const first = list.slice(0, slots)
  const waiting = candidates.filter(({ peer, snubbed }) => !snubbed && !first.some((unchoke) => unchoke.peer === peer))
  expectThat(
    first.length >= slots || waiting.length === 0,
    () => `unchoked ${first.length} for ${slots} slots while ${show(keysOf(waiting))} wait (${where})`,
  )
}

const expectRates: Look = (list, _round, { where }) => {
  for (const { peer, uploadBytesPerSecond: rate } of list) {
    const isSound = rate === undefined || (Number.isFinite(rate) && rate > 0)
    expectThat(
      isSound,
      () => `the rate of peer ${peer.key} is ${show(rate)}: expected bytes/s above 0, or none (${where})`,
    )
  }
}

function giveTurns(choker: Choker, seeding: boolean, rounds: number): void {
  const swarm = new ChokeSwarm({ choker, seed: 'turns', slots: 4, seeding })
  for (const gives of [90_000, 80_000, 70_000, 60_000, 500, 0, 0, 0, 0, 0]) swarm.join({ gives: seeding ? 0 : gives })
  const waiting = new Set(swarm.actors)
  for (let round = 0; round < rounds && waiting.size > 0; round++) {
    swarm.round()
    for (const actor of waiting) if (actor.unchokedAtMs !== undefined) waiting.delete(actor)
  }
  const keys = [...waiting].map(({ view }) => view.key)
  expectThat(
    keys.length === 0,
    () => `after ${rounds} rounds peers ${show(keys)} of 10 never had a turn (${swarm.where})`,
  )
}

/** Those who had the slots leave all at once: those who stay get them. */
function letGo(choker: Choker): void {
  for (const seeding of [false, true]) {
    const swarm = new ChokeSwarm({ choker, seed: 'leave', slots: 3, seeding })
    for (let count = 0; count < 9; count++) swarm.join({ gives: count * 1_000 })
    for (let time = 0; time < 3; time++) {
      const list = swarm.round()
      expectCandidates(list, swarm.question(), swarm)
      for (const actor of swarm.actors.filter(({ unchokedAtMs }) => unchokedAtMs !== undefined)) swarm.leave(actor)
      const round = swarm.question()
      if (round.candidates.length > 0) expectCandidates(swarm.ask(round), round, swarm)
    }
  }
}

function takeAnyNumber(choker: Choker): void {
  for (const seeding of [false, true]) {
    for (const slots of [0, 1, 4, 1_000]) {
      const swarm = new ChokeSwarm({ choker, seed: 'numbers', slots, seeding })
      for (const count of [1, 2, 500]) {
        while (swarm.actors.length < count) swarm.join({ gives: swarm.actors.length % 7 })
        for (let time = 0; time < 3; time++) {
          const round = swarm.question()
          const list = swarm.round(1_000)
          expectCandidates(list, round, swarm)
          expectOnce(list, round, swarm)
        }
      }
    }
  }
}

function leaveAlone(choker: Choker, seed: string): void {
  const swarm = startSwarm(choker, seed)
  for (let step = 0; step < 20; step++) {
    stepOn(swarm, () => {})
    const round = swarm.question()
    const before = show(plain(round))
    swarm.ask(round)
    expectSame(plain(round), plain(swarm.question()), `the round after the call, which was ${before}`)
  }
}

/** A round in a form that can be compared. */
function plain({ candidates, ...round }: ChokeRound): unknown {
  return { ...round, candidates: candidates.map(({ peer, ...facts }) => ({ ...facts, key: peer.key })) }
}

function keepApart(choker: Choker): void {
  const alone = ['1', '2'].map((seed) => {
    const swarm = startSwarm(choker, seed)
    for (let step = 0; step < 40; step++) stepOn(swarm, () => {})
    return swarm.lists
  })
  const together = ['1', '2'].map((seed) => startSwarm(choker, seed))
  for (let step = 0; step < 40; step++) for (const swarm of together) stepOn(swarm, () => {})
  for (const [index, swarm] of together.entries()) {
    expectSame(swarm.lists, alone[index], 'beside another torrent, the lists for the same seed')
  }
}

/** A hot swap: peers have been unchoked for long, and this choker sees them for the first time. */
function startLate(choker: Choker, seed: string, leavesSlotsEmpty: boolean): void {
  const swarm = new ChokeSwarm({ choker, seed: `late ${seed}`, slots: 4, seeding: Number(seed) % 2 === 0 })
  for (let count = 0; count < 10; count++) joinAny(swarm)
  swarm.nowMs += 500_000
  for (const actor of swarm.actors)
    if (swarm.random.below(2) === 0) actor.unchokedAtMs = swarm.nowMs - swarm.random.below(400_000)
  for (let step = 0; step < 5; step++) {
    const round = swarm.question()
    const list = swarm.round()
    for (const look of [expectCandidates, expectOnce, expectRates]) look(list, round, swarm)
    if (!leavesSlotsEmpty) expectFilled(list, round, swarm)
  }
}

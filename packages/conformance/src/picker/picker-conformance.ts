import type { PiecePicker } from '@bitloom/core'
import { expectSame, expectThat, show } from '../kit/expect.js'
import { defineSuite, type Guarantee, type TestRunner, unless } from '../kit/runner.js'
import { Download } from './download.js'
import { expectFaultless, finish, keepApart, measure, renewedOften } from './downloads.js'
import { liveThrough } from './history.js'
import {
  askForAllowed,
  askForEachAlone,
  endWithNothing,
  followPriorities,
  helpOthers,
  notice,
  noticeAll,
} from './scenes.js'

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

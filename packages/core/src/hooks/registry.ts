import { BitloomError } from '../bytes/errors.js'
import type { Clock } from '../ports/clock.js'
import type { Logger } from '../ports/logger.js'
import { blockAnswer, pickAnswer, refusalAnswer, shownAnswer, unchokeAnswer } from './answers.js'
import {
  type AnnounceTap,
  type Blame,
  createBlame,
  guardAnnounce,
  guardDeciding,
  guardWatching,
  type Tap,
  type TapTimer,
} from './guard.js'
import type { HookName, Tappable, TapHooks, TapOptions } from './hooks.js'
import { RunningHooks } from './run-hooks.js'
import type { DecidingHook, HookRunner, WatchingHook } from './runner.js'
import { createSlots, type HookSlots, untap } from './slots.js'

/** The taps of one plugin, from its loading to its removal. */
export interface PluginTaps {
  readonly hooks: TapHooks
  /** Hook name → taps that are there now. */
  counts(): Readonly<Record<string, number>>
  /** See `PluginHost.timeTaps`. */
  time(timer: TapTimer): () => void
  /** Takes all its taps out, also of calls in flight; tapping again throws CLOSED. Idempotent. */
  remove(): void
}

/** All hooks of one session: the engine calls `runner`, plugins tap through `open`. */
export interface HookRegistry {
  readonly runner: HookRunner
  /** The tap-only hooks for a plugin, which is blamed by this name for what its taps do. */
  open(plugin: string): PluginTaps
}

/** `clock` keeps the deadline of `announce`, `log` hears of every failure. */
export function createHooks(parts: { readonly clock: Clock; readonly log: Logger }): HookRegistry {
  const slots = createSlots()
  const blame = createBlame(parts.log, (error) => slots.watching.pluginFailed.call(error), switchOff)
  return {
    runner: new RunningHooks(slots, parts.clock, blame),
    open: (plugin) => openTaps(slots, blame, plugin),
  }
}

/** How a tap stands in a slot: `owner` is what it is found by again. */
interface TapPlace {
  readonly name: string
  readonly stage: number
  readonly owner: SlotTap
}

interface SlotTap extends Tap {
  readonly slot: object
}

type PlaceTap = (hook: HookName, slot: object, options: TapOptions | undefined) => TapPlace

const stages = { early: -1, normal: 0, late: 1 } as const

function switchOff(tap: Tap): void {
  tap.isOff = true
  if ('slot' in tap) untap(tap.slot as object, tap)
}

function openTaps(slots: HookSlots, blame: Blame, plugin: string): PluginTaps {
  const taps = new Set<SlotTap>()
  let isOpen = true
  const place: PlaceTap = (hook, slot, options) => {
    if (!isOpen) throw new BitloomError('CLOSED', `the plugin ${plugin} is removed: it can tap ${hook} no more`)
    const owner: SlotTap = { plugin, hook, slot, failures: 0, isOff: false }
    taps.add(owner)
    return { name: plugin, stage: stages[options?.stage ?? 'normal'], owner }
  }
  return {
    hooks: { ...decidingHooks(slots, blame, place), ...watchingHooks(slots.watching, blame, place) },
    counts: () => countTaps([...taps].filter((tap) => !tap.isOff)),
    time(timer) {
      blame.timer = timer
      return () => {
        if (blame.timer === timer) blame.timer = undefined
      }
    },
    remove() {
      isOpen = false
      for (const tap of taps) switchOff(tap)
      taps.clear()
    },
  }
}

function countTaps(taps: readonly Tap[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { hook } of taps) counts[hook] = (counts[hook] ?? 0) + 1
  return counts
}

function decidingHooks(slots: HookSlots, blame: Blame, place: PlaceTap): Pick<TapHooks, DecidingHook> {
  const { announce, pickPiece, storeBlock, chokeDecision, acceptPeer, showHaves } = slots
  const tapAnnounce = (fn: AnnounceTap, options?: TapOptions): void => {
    const at = place('announce', announce, options)
    announce.tapPromise(at, guardAnnounce(at.owner, fn, blame))
  }
  return {
    announce: { tap: tapAnnounce, tapPromise: tapAnnounce },
    pickPiece: {
      tap(fn, options) {
        const at = place('pickPiece', pickPiece, options)
        pickPiece.tap(at, guardDeciding(at.owner, fn, pickAnswer, blame))
      },
    },
    storeBlock: {
      tap(fn, options) {
        const at = place('storeBlock', storeBlock, options)
        const check = (answer: unknown) => (blockAnswer(answer) === false ? at.name : undefined)
        storeBlock.tap(at, guardDeciding(at.owner, fn, check, blame))
      },
    },
    chokeDecision: {
      tap(fn, options) {
        const at = place('chokeDecision', chokeDecision, options)
        const check = (answer: unknown) => {
          const list = unchokeAnswer(answer)
          if (list !== undefined) slots.chokeChangers.push(at.name)
          return list
        }
        chokeDecision.tap(at, guardDeciding(at.owner, fn, check, blame))
      },
    },
    acceptPeer: {
      tap(fn, options) {
        const at = place('acceptPeer', acceptPeer, options)
        const closed = { refuse: `the plugin ${at.name} failed in acceptPeer` }
        acceptPeer.tap(at, guardDeciding(at.owner, fn, refusalAnswer, blame, closed))
      },
    },
    showHaves: {
      tap(fn, options) {
        const at = place('showHaves', showHaves, options)
        showHaves.tap(
          at,
          guardDeciding(at.owner, fn, (answer, [shown]) => shownAnswer(answer, shown), blame),
        )
      },
    },
  }
}

function watchingHooks(slots: HookSlots['watching'], blame: Blame, place: PlaceTap): Pick<TapHooks, WatchingHook> {
  const watch = <A extends unknown[]>(hook: WatchingHook, slot: WatchSlot<A>): Tappable<(...args: A) => void> => ({
    tap(fn, options) {
      const at = place(hook, slot, options)
      slot.tap(at, guardWatching(at.owner, fn, blame))
    },
  })
  return {
    torrentAdded: watch('torrentAdded', slots.torrentAdded),
    torrentRemoved: watch('torrentRemoved', slots.torrentRemoved),
    peerConnected: watch('peerConnected', slots.peerConnected),
    peerDisconnected: watch('peerDisconnected', slots.peerDisconnected),
    peerHas: watch('peerHas', slots.peerHas),
    pieceVerified: watch('pieceVerified', slots.pieceVerified),
    pieceRejected: watch('pieceRejected', slots.pieceRejected),
    completed: watch('completed', slots.completed),
    announced: watch('announced', slots.announced),
    torrentFailed: watch('torrentFailed', slots.torrentFailed),
    pluginFailed: watch('pluginFailed', slots.pluginFailed),
  }
}

interface WatchSlot<A extends unknown[]> {
  tap(at: TapPlace, fn: (...args: A) => void): void
}

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { hookTable } from '../src/hooks/hook-table.js'
import type { HookName } from '../src/hooks/hooks.js'
import { Hasher } from '../src/ports/hasher.js'
import { Memory } from '../src/ports/memory.js'
import { ResumeStore } from '../src/ports/resume-store.js'
import { Storage } from '../src/ports/storage.js'
import { TrackerClient } from '../src/ports/tracker-client.js'
import { Transport } from '../src/ports/transport.js'
import type { TorrentView } from '../src/ports/views.js'
import { wrapStorage } from '../src/ports/wrap-storage.js'
import { memoryResumeStore } from '../src/driver/memory-resume-store.js'
import { isBitloomError, StorageError } from '../src/bytes/errors.js'
import { createSession } from '../src/session/session.js'
import { type Bindings, type Plugin, pluginContract, type PluginHost } from '../src/session/plugin.js'
import { statsOf } from './support/stats-of.js'
import { WatchedMemory } from './support/watched-memory.js'
import { inlineHasher, makeTorrent, TestStorage, World } from './support/world.js'

const piece = 16_384
const { metainfo, data } = makeTorrent({ lengthBytes: 20 * piece, pieceBytes: piece, trackers: ['udp://t.example/'] })
const ours = '10.0.0.1'
const theirs = '10.0.0.2'
const third = '10.0.0.3'
const hooks = Object.keys(hookTable) as HookName[]

const ports = [
  'Storage.open',
  'Storage.present',
  'Storage.read',
  'Storage.write',
  'Storage.sync',
  'Storage.stamps',
  'Storage.close',
  'ResumeStore.get',
  'ResumeStore.put',
  'ResumeStore.delete',
  'TrackerClient.announce',
  'Transport.dial',
  'Hasher.hash',
]

/** Answers of one kind of call, which come when they are let go: as they would have been, or as a rejection. */
class Late {
  readonly kind: string
  readonly rejects: boolean
  #waiting: (() => void)[] = []
  #isOver = false
  /** How many answers were held back. */
  held = 0

  constructor(kind: string, rejects: boolean) {
    this.kind = kind
    this.rejects = rejects
  }

  async call<T>(kind: string, run: () => Promise<T>): Promise<T> {
    if (kind !== this.kind || this.#isOver) return run()
    const answer = run()
    this.held++
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
    if (!this.rejects) return answer
    throw new Error('too late')
  }

  letGo(): void {
    this.#isOver = true
    for (const go of this.#waiting.splice(0)) go()
  }
}

/** The object, of which these methods answer late. */
function late<T extends object>(inner: T, name: string, methods: readonly (keyof T & string)[], by: Late): T {
  const held = methods.map((method) => {
    const call = inner[method] as unknown as (...args: unknown[]) => Promise<unknown>
    return [method, (...args: unknown[]) => by.call(`${name}.${method}`, () => call.apply(inner, args))]
  })
  return { ...inner, ...(Object.fromEntries(held) as Partial<T>) }
}

/** What the world brings, with answers that are late. */
function lateWorld(world: World, storage: TestStorage, memory: WatchedMemory, by: Late): Plugin {
  const inner = world.ports(ours, storage)
  const lateStorage: Storage = {
    name: 'late',
    open: (...args) =>
      by.call('Storage.open', async () => {
        const handle = await storage.open(args[0])
        const methods = ['present', 'read', 'write', 'sync', 'stamps', 'close'] as const
        return wrapStorage(handle, late(handle, 'Storage', methods, by))
      }),
  }
  const changed = new Map<unknown, (value: never) => unknown>([
    [Storage, () => lateStorage],
    [Transport, (value: Transport) => late(value, 'Transport', ['dial'], by)],
    [
      Hasher,
      () =>
        late(
          inlineHasher((bytes) => memory.move(bytes)),
          'Hasher',
          ['hash'],
          by,
        ),
    ],
  ])
  return {
    ...inner,
    bind: (bindings) => {
      const value: Bindings['value'] = (port, given) =>
        bindings.value(port, (changed.get(port)?.(given as never) ?? given) as typeof given)
      inner.bind?.({ ...bindings, value })
      bindings.value(Memory, memory)
      bindings.value(ResumeStore, late(memoryResumeStore(), 'ResumeStore', ['get', 'put', 'delete'], by))
      const client = { schemes: ['udp'], announce: async () => ({ peers: [world.endpoint(theirs)] }) }
      bindings.value(TrackerClient, late(client, 'TrackerClient', ['announce'], by))
    },
  }
}

interface After {
  /** Whose calls are none any more; `undefined` = nobody's yet. */
  over: TorrentView | 'all' | undefined
  /** Calls that came nevertheless. */
  readonly calls: string[]
}

/** Whose fault it is that `pluginFailed` is called. */
const faulty: Plugin = {
  name: 'faulty',
  contract: pluginContract,
  apply: (host) =>
    host.hooks.peerConnected.tap(() => {
      throw new Error('at fault')
    }),
}

/** Taps every hook; notes each call that comes after the end, and answers late where it is told. */
function tapping(by: Late, after: After): Plugin {
  return {
    name: 'tapping',
    contract: pluginContract,
    apply: (host: PluginHost) => {
      for (const name of hooks) {
        const tap = (...args: unknown[]): unknown => {
          if (after.over === 'all' || (after.over !== undefined && args.includes(after.over))) after.calls.push(name)
          return by.kind === name ? by.call(name, async () => undefined) : undefined
        }
        if (name === 'announce') host.hooks.announce.tapPromise(tap as never)
        else (host.hooks[name].tap as (tap: (...args: unknown[]) => unknown) => void)(tap)
      }
    },
  }
}

const unhandled: unknown[] = []
const note = (reason: unknown): void => void unhandled.push(reason)
beforeEach(() => void process.on('unhandledRejection', note))
afterEach(() => void process.off('unhandledRejection', note))

/** Whose answer it was is in the log, also afterwards. */
const isOurFault = (fault: unknown): boolean => !/the plugin (tapping|faulty) failed in/.test(JSON.stringify(fault))

const roles = ['leecher', 'seeder'] as const
const ends = ['torrent removed', 'data deleted', 'session closed'] as const

/** Ends a torrent or a session while answers are held back, lets them go, and answers what was left or came of it. */
async function scene(by: Late, role: (typeof roles)[number], end: (typeof ends)[number]) {
  const world = new World()
  const memory = new WatchedMemory()
  const storage = role === 'seeder' ? new TestStorage(0, data) : new TestStorage(data.length)
  storage.stamps = [undefined]
  const after: After = { over: undefined, calls: [] }
  const session = await createSession({
    plugins: [
      lateWorld(world, storage, memory, by),
      tapping(by, after),
      ...(by.kind === 'pluginFailed' ? [faulty] : []),
    ],
    listen: { hosts: [ours], ports: [6881] },
  })
  const theirData = data.slice()
  if (by.kind === 'pieceRejected') theirData.fill(0, 2 * piece, 4 * piece)
  if (by.kind === 'torrentFailed') storage.failWrites = new StorageError('NO_SPACE', 'full', { path: '/', retry: true })
  const other = await world.session(
    theirs,
    new TestStorage(role === 'seeder' ? data.length : 0, role === 'seeder' ? undefined : theirData),
  )
  // Slow enough that it is in the middle of it when it ends.
  const upBytesPerSecond = by.kind === 'completed' ? 200_000 : 20_000
  const options = { torrent: metainfo, directory: '/', limits: { upBytesPerSecond } }
  // A liar does not look at what it gives.
  const check = by.kind === 'pieceRejected' ? 'skip' : 'resume'
  await other.add({ ...options, check, peers: [world.endpoint(ours)] })
  // Who has nothing at first tells what it gets.
  const learner = by.kind === 'peerHas' ? await world.session(third, new TestStorage(data.length)) : undefined
  await learner?.add({ ...options, peers: [world.endpoint(ours), world.endpoint(theirs)] })
  const handle = await session.add({ ...options, peers: [world.endpoint(theirs)] })
  for (const promise of [handle.ready, handle.completed]) promise.catch(() => {})
  await world.clock.advance(12_000)

  let outcome: unknown
  const ending = end === 'session closed' ? session.close() : handle.remove({ deleteData: end === 'data deleted' })
  ending.then(
    () => (outcome = 'in order'),
    (error: unknown) => (outcome = error),
  )
  await world.clock.advance(10_000)
  after.over = end === 'session closed' ? 'all' : handle.view
  const look = () => ({
    state: handle.view.state,
    stats: statsOf(handle.view),
    bytes: Buffer.from(storage.data).toString('base64'),
  })
  const before = look()
  const told = world.faults.length
  by.letGo()
  await world.clock.advance(300_000)
  const now = look()

  const closing = Promise.all([session.close().catch(() => {}), other.close(), learner?.close()])
  await world.clock.advance(10_000)
  await closing
  const { faults, network, clock } = world
  // Memory that a hasher took and did not give back is gone with it.
  const isLost = by.kind === 'Hasher.hash' && by.rejects
  return {
    outcome:
      outcome === undefined
        ? 'never'
        : outcome === 'in order' || isBitloomError(outcome) || outcome instanceof AggregateError
          ? 'over'
          : outcome,
    left: {
      faults: faults.slice(told).filter(isOurFault),
      unhandled: [...unhandled],
      calls: after.calls,
      violations: storage.violations,
      ends: network.ends.size,
      timers: clock.pending,
      lent: isLost ? 0 : memory.held.size,
    },
    changed:
      JSON.stringify(before) === JSON.stringify(now)
        ? undefined
        : [
            { ...before, bytes: 0 },
            { ...now, bytes: 0 },
          ],
  }
}

async function everyEnd(kind: string, among: readonly (typeof roles)[number][]) {
  const bad: string[] = []
  let held = 0
  for (const role of among) {
    for (const end of ends) {
      for (const rejects of [false, true]) {
        const by = new Late(kind, rejects)
        const { outcome, left, changed } = await scene(by, role, end)
        held += by.held
        const nothing = { faults: [], unhandled: [], calls: [], violations: [], ends: 0, timers: 0, lent: 0 }
        const isGood = outcome === 'over' && changed === undefined && JSON.stringify(left) === JSON.stringify(nothing)
        if (!isGood) bad.push(`${role}, ${end}, rejects ${rejects}: ${JSON.stringify({ outcome, changed, left })}`)
      }
    }
  }
  return { bad, isTried: held > 0 }
}

describe('an answer that comes after the end changes nothing, raises nothing and leaves nothing', () => {
  it.each(ports)('%s', async (kind) => {
    expect(await everyEnd(kind, roles)).toEqual({ bad: [], isTried: true })
  })

  it.each(hooks)('the hook %s', async (kind) => {
    expect(await everyEnd(kind, [kind === 'chokeDecision' ? 'seeder' : 'leecher'])).toEqual({ bad: [], isTried: true })
  })
})

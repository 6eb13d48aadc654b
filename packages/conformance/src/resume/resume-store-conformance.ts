import type { ResumeRecord, ResumeStore } from '@bitloom/core'
import { expectSame, expectThat, show } from '../kit/expect.js'
import { seededRandom } from '../kit/random.js'
import { defineSuite, type Guarantee, type TestRunner, unless } from '../kit/runner.js'
import { within } from '../kit/settle.js'

export interface ResumeStoreConformanceOptions {
  /** Makes an empty store; asked once for each test. */
  store(): ResumeStore | Promise<ResumeStore>
  /** Makes a store over what the store made last has kept, as a new process would. Absent = records end with the store. */
  reopen?(): ResumeStore | Promise<ResumeStore>
  /** The title of the suite. Default "ResumeStore". */
  readonly title?: string
}

/** Defines the tests of a `ResumeStore`. */
export function resumeStoreConformance(runner: TestRunner, options: ResumeStoreConformanceOptions): void {
  const { title = 'ResumeStore', reopen } = options
  defineSuite(
    runner,
    title,
    guarantees
      .map(({ run, ...guarantee }) => ({
        ...guarantee,
        run: async () => run(new StoreBench(await options.store())),
      }))
      .concat({
        name: 'records are there after a restart',
        skip: unless(reopen !== undefined, 'keeps records for its own life only'),
        run: async () => {
          const before = new StoreBench(await options.store())
          await before.put('a', recordOf(1))
          await before.put('b', recordOf(2))
          await before.put('b', recordOf(3))
          await before.delete('a')
          if (reopen === undefined) return
          const after = new StoreBench(await reopen())
          await after.expectRecord('a', undefined)
          await after.expectRecord('b', recordOf(3))
          await after.expectKeys(['b'])
        },
      }),
  )
}

/** A record that differs in every field. */
function recordOf(seed: number, changes: Partial<ResumeRecord> = {}): ResumeRecord {
  const random = seededRandom(seed)
  const stamp = () => ({ lengthBytes: random.below(2 ** 40), modifiedUs: random.below(2 ** 52) })
  return {
    infoHashes: {},
    name: `torrent ${seed}`,
    info: random.bytes(30 + (seed % 7)),
    trackers: [[`http://${seed}.example/announce`, 'udp://a.example:80'], ['udp://b.example:80']],
    webSeeds: [`http://seed.example/${seed}/`],
    directory: `/downloads/${seed}`,
    moveTo: `/whole/${seed}`,
    storage: `storage ${seed}`,
    state: (['active', 'paused', 'removed'] as const)[seed % 3] ?? 'active',
    have: random.bytes(5 + (seed % 9)),
    partial: [{ piece: random.below(1_000), blocks: random.bytes(3) }],
    files: [stamp(), undefined, stamp()],
    priorities: random.bytes(40),
    wantedFiles: random.bytes(1),
    picker: `picker ${seed}`,
    choker: `choker ${seed}`,
    limits: { maxPeers: seed + 1, upBytesPerSecond: random.below(1_000_000) + 0.5 },
    queueRank: random.below(1_000_000) - 500_000,
    forced: true,
    seedingMs: random.below(1_000_000),
    uploadedBytes: random.below(1_000_000),
    downloadedBytes: random.below(1_000_000),
    ...changes,
  }
}

/** Of a torrent of which only the hash is known. */
function bareRecord(): ResumeRecord {
  return {
    infoHashes: {},
    name: '',
    trackers: [['udp://a.example:80']],
    webSeeds: [],
    directory: '/downloads',
    storage: 'storage',
    state: 'active',
    have: new Uint8Array(0),
    partial: [],
    files: [],
    limits: {},
    uploadedBytes: 0,
    downloadedBytes: 0,
  }
}

/** Keys as core makes them: a v1 hash in hex, or a v2 hash. */
const hexKey = (seed: number, bytes = 20): string =>
  Array.from(seededRandom(`key ${seed}`).bytes(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('')

/** The record of the torrent that the key stands for: a store may look whether they fit. */
function named(key: string, record: ResumeRecord): ResumeRecord {
  const hash = Uint8Array.from(key.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16))
  const { v2 } = record.infoHashes
  const infoHashes = hash.length === 32 ? { v2: hash } : { v1: hash, ...(v2 === undefined ? {} : { v2 }) }
  return Object.assign(record, { infoHashes })
}

/** One store, with letters for keys. */
class StoreBench {
  readonly #store: ResumeStore

  constructor(store: ResumeStore) {
    this.#store = store
  }

  #key(key: string): string {
    return key.length === 1 ? hexKey(key.charCodeAt(0)) : key
  }

  put(key: string, record: ResumeRecord): Promise<void> {
    return within(this.#store.put(this.#key(key), named(this.#key(key), record)), `put(${key})`)
  }

  get(key: string): Promise<ResumeRecord | undefined> {
    return within(this.#store.get(this.#key(key)), `get(${key})`)
  }

  delete(key: string): Promise<void> {
    return within(this.#store.delete(this.#key(key)), `delete(${key})`)
  }

  keys(): Promise<readonly string[]> {
    return within(this.#store.keys(), 'keys()')
  }

  async expectRecord(key: string, expected: ResumeRecord | undefined, when = ''): Promise<void> {
    const wanted = expected && named(this.#key(key), expected)
    expectSame(plain(await this.get(key)), plain(wanted), `get(${key})${when}`)
  }

  async expectKeys(keys: readonly string[], when = ''): Promise<void> {
    const expected = keys.map((key) => this.#key(key)).toSorted()
    expectSame([...(await this.keys())].sort(), expected, `keys()${when}`)
  }
}

/** The fields of a record, bytes as bytes: what it was read from may be another kind of object. */
function plain(record: ResumeRecord | undefined): unknown {
  if (record === undefined) return undefined
  const { infoHashes, info, have, partial, files, priorities, wantedFiles, limits, ...rest } = record
  const bytes = (value: unknown): string =>
    value instanceof Uint8Array ? show(value) : `no Uint8Array: ${show(value)}`
  const optional = (value: unknown): string | undefined => (value === undefined ? undefined : bytes(value))
  return {
    ...inOrder(rest),
    limits: inOrder(limits),
    v1: optional(infoHashes.v1),
    v2: optional(infoHashes.v2),
    info: optional(info),
    have: bytes(have),
    partial: partial.map(({ piece, blocks }) => ({ piece, blocks: bytes(blocks) })),
    files: files.map((stamp) => stamp && inOrder(stamp)),
    priorities: optional(priorities),
    wantedFiles: optional(wantedFiles),
  }
}

/** The order of keys is nobody's concern, nor is one that says `undefined`. */
function inOrder(fields: object): Record<string, unknown> {
  const known = Object.entries(fields).filter(([, value]) => value !== undefined)
  return Object.fromEntries(known.sort(([left], [right]) => (left < right ? -1 : 1)))
}

interface StoreGuarantee extends Omit<Guarantee, 'run'> {
  run(store: StoreBench): Promise<void>
}

const guarantees: readonly StoreGuarantee[] = [
  {
    name: 'a fresh store is empty',
    async run(store) {
      await store.expectKeys([])
      await store.expectRecord('a', undefined)
    },
  },
  {
    name: 'a settled put is got, whole',
    async run(store) {
      await store.put('a', recordOf(1))
      await store.expectRecord('a', recordOf(1))
      await store.expectRecord('b', undefined)
      await store.expectKeys(['a'])
    },
  },
  {
    name: 'a put replaces the record before',
    async run(store) {
      await store.put('a', recordOf(1))
      await store.put('a', recordOf(2))
      await store.expectRecord('a', recordOf(2))
      await store.expectKeys(['a'])
    },
  },
  {
    name: 'a deleted record is gone, the others stay, and it can be put again',
    async run(store) {
      for (const [seed, key] of ['a', 'b', 'c'].entries()) await store.put(key, recordOf(seed))
      await store.delete('b')
      await store.expectRecord('b', undefined)
      await store.expectKeys(['a', 'c'])
      await store.expectRecord('c', recordOf(2))
      await store.put('b', recordOf(7))
      await store.expectRecord('b', recordOf(7))
    },
  },
  {
    name: 'to delete what is not there does nothing',
    async run(store) {
      await store.put('a', recordOf(1))
      await store.delete('b')
      await store.delete('b')
      await store.expectKeys(['a'])
    },
  },
  {
    name: 'what was put may be changed afterwards',
    async run(store) {
      const record = recordOf(1)
      await store.put('a', record)
      record.have.fill(0)
      record.infoHashes.v1?.fill(0)
      await store.expectRecord('a', recordOf(1), ' after the record that was put was changed')
    },
  },
  {
    name: 'what was got is the caller’s own',
    async run(store) {
      await store.put('a', recordOf(1))
      const record = await store.get('a')
      record?.have.fill(0)
      record?.infoHashes.v1?.fill(0)
      await store.expectRecord('a', recordOf(1), ' after a record that was got was changed')
      const keys = await store.keys()
      if (Array.isArray(keys)) keys.length = 0
      await store.expectKeys(['a'], ' after an earlier answer was changed')
    },
  },
  {
    name: 'keeps v1, v2 and hybrid torrents, empty and large sets, and any folder',
    async run(store) {
      const v2 = seededRandom('v2').bytes(32)
      const records: Readonly<Record<string, ResumeRecord>> = {
        [hexKey(1)]: recordOf(1, { infoHashes: { v2 } }),
        [hexKey(2, 32)]: recordOf(2),
        [hexKey(3)]: recordOf(3, { have: new Uint8Array(0) }),
        [hexKey(4)]: recordOf(4, { have: seededRandom('large').bytes(100_000) }),
        [hexKey(5)]: recordOf(5, { directory: '/tmp/a "b"\n\\ü 🎬/c', storage: '' }),
        [hexKey(7)]: bareRecord(),
        [hexKey(8)]: recordOf(8, { files: [], partial: [], trackers: [], webSeeds: [] }),
        [hexKey(6)]: recordOf(6, { uploadedBytes: Number.MAX_SAFE_INTEGER, downloadedBytes: 0 }),
      }
      for (const [key, record] of Object.entries(records)) await store.put(key, record)
      for (const [key, record] of Object.entries(records)) await store.expectRecord(key, record)
      await store.expectKeys(Object.keys(records))
    },
  },
  {
    name: 'a view into a larger buffer is put as what it shows',
    async run(store) {
      const slab = seededRandom('slab').bytes(64)
      await store.put('a', recordOf(1, { have: slab.subarray(8, 13) }))
      await store.expectRecord('a', recordOf(1, { have: slab.slice(8, 13) }))
    },
  },
  {
    name: 'knows 500 torrents from each other',
    async run(store) {
      const keys = Array.from({ length: 500 }, (_, seed) => hexKey(seed))
      for (const [seed, key] of keys.entries()) await store.put(key, recordOf(seed))
      await store.expectKeys(keys)
      for (const seed of [0, 1, 250, 499]) await store.expectRecord(keys[seed] ?? '', recordOf(seed))
      for (const key of keys.slice(0, 250)) await store.delete(key)
      await store.expectKeys(keys.slice(250))
    },
  },
  {
    name: 'calls that overlap in time all settle, and the last put of a key counts',
    async run(store) {
      const keys = Array.from({ length: 30 }, (_, seed) => hexKey(seed))
      await Promise.all(keys.map((key, seed) => store.put(key, recordOf(seed))))
      await Promise.all([1, 2, 3, 4].map((seed) => store.put(keys[0] ?? '', recordOf(seed))))
      await store.expectRecord(keys[0] ?? '', recordOf(4), ' after four puts at once')
      await Promise.all([
        ...keys.slice(1, 15).map((key) => store.delete(key)),
        store.put(keys[29] ?? '', recordOf(1)),
        store.get(keys[20] ?? ''),
      ])
      await store.expectKeys([keys[0] ?? '', ...keys.slice(15)])
      await store.expectRecord(keys[29] ?? '', recordOf(1))
      expectThat((await store.get(keys[3] ?? '')) === undefined, 'a record that was deleted among other calls is there')
    },
  },
]

import type { ResumeRecord, ResumeStore } from '@bitloom/core'
import { describe, expect, it } from 'vitest'
import { resumeStoreConformance } from '../src/index.js'
import { expectCaught, expectSound } from './support/planted.js'

const copyOf = ({ infoHashes: { v1, v2 }, have, ...record }: ResumeRecord): ResumeRecord => ({
  ...record,
  infoHashes: { ...(v1 && { v1: v1.slice() }), ...(v2 && { v2: v2.slice() }) },
  have: have.slice(),
})

/** Copies in and copies out: the reference that keeps every guarantee. */
function soundStore(records = new Map<string, ResumeRecord>()): ResumeStore {
  return {
    get: async (key) => {
      const record = records.get(key)
      return record && copyOf(record)
    },
    put: async (key, record) => void records.set(key, copyOf(record)),
    delete: async (key) => void records.delete(key),
    keys: async () => [...records.keys()],
  }
}

/** JSON as a careless author would write it: bytes become objects. */
function careless(): ResumeStore {
  const texts = new Map<string, string>()
  return {
    ...soundStore(),
    put: async (key, record) => void texts.set(key, JSON.stringify(record)),
    get: async (key) => {
      const text = texts.get(key)
      return text === undefined ? undefined : (JSON.parse(text) as ResumeRecord)
    },
    keys: async () => [...texts.keys()],
  }
}

type Change = (records: Map<string, ResumeRecord>, sound: ResumeStore) => Partial<ResumeStore>

const faults: readonly (readonly [fault: string, change: Change, guarantee: string])[] = [
  ['forgets what it is given', () => ({ put: async () => {} }), 'a settled put is got, whole'],
  ['keeps bytes as JSON', () => careless(), 'a settled put is got, whole'],
  [
    'keeps the first record of a key',
    (records, { put }) => ({ put: async (key, record) => (records.has(key) ? undefined : put(key, record)) }),
    'a put replaces the record before',
  ],
  [
    'deletes nothing',
    () => ({ delete: async () => {} }),
    'a deleted record is gone, the others stay, and it can be put again',
  ],
  [
    'deletes everything',
    (records) => ({ delete: async () => records.clear() }),
    'a deleted record is gone, the others stay, and it can be put again',
  ],
  [
    'throws where there is nothing to delete',
    (records) => ({
      delete: async (key) => {
        if (!records.delete(key)) throw new Error('no such record')
      },
    }),
    'to delete what is not there does nothing',
  ],
  [
    'keeps the record it was given',
    (records) => ({ put: async (key, record) => void records.set(key, record) }),
    'what was put may be changed afterwards',
  ],
  [
    'gives out its own record',
    (records) => ({ get: async (key) => records.get(key) }),
    'what was got is the caller’s own',
  ],
  [
    'drops the v2 hash',
    (_records, { put }) => ({
      put: (key, record) =>
        put(key, { ...record, infoHashes: record.infoHashes.v1 ? { v1: record.infoHashes.v1 } : {} }),
    }),
    'keeps v1, v2 and hybrid torrents, empty and large sets, and any folder',
  ],
  [
    'takes the whole buffer of a view',
    (_records, { put }) => ({
      put: (key, record) => put(key, { ...record, have: new Uint8Array(record.have.buffer) }),
    }),
    'a view into a larger buffer is put as what it shows',
  ],
  [
    'tells torrents by the first two digits of their hash',
    (_records, { put, get, delete: remove }) => ({
      put: (key, record) => put(key.slice(0, 2), record),
      get: (key) => get(key.slice(0, 2)),
      delete: (key) => remove(key.slice(0, 2)),
    }),
    'knows 500 torrents from each other',
  ],
  [
    'writes puts of one key in any order',
    (_records, { put }) => {
      let puts = 0
      return {
        put: async (key, record) => {
          const copy = copyOf(record)
          for (let turn = 8 - (puts++ % 8); turn > 0; turn--) await new Promise((resolve) => setImmediate(resolve))
          await put(key, copy)
        },
      }
    },
    'calls that overlap in time all settle, and the last put of a key counts',
  ],
]

describe('resumeStoreConformance', () => {
  it('passes a sound store, and one that is opened again', async () => {
    const { skipped } = await expectSound((runner) => resumeStoreConformance(runner, { store: () => soundStore() }), 12)
    expect(skipped).toEqual(['records are there after a restart (keeps records for its own life only)'])
    let records = new Map<string, ResumeRecord>()
    const store = (): ResumeStore => soundStore((records = new Map()))
    const reopen = (): ResumeStore => soundStore(records)
    expect((await expectSound((runner) => resumeStoreConformance(runner, { store, reopen }), 12)).skipped).toEqual([])
  })

  it('catches one that loses everything with a restart', () =>
    expectCaught(
      (runner) => resumeStoreConformance(runner, { store: () => soundStore(), reopen: () => soundStore() }),
      'records are there after a restart',
    ))

  it.each(faults)('catches one that %s', (_, change, guarantee) =>
    expectCaught((runner) => {
      const store = (): ResumeStore => {
        const records = new Map<string, ResumeRecord>()
        const sound = soundStore(records)
        return { ...sound, ...change(records, sound) }
      }
      resumeStoreConformance(runner, { store })
    }, guarantee),
  )
})

import { createHash } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { leafCountOf, leavesOf, merkleRoot } from '../src/metainfo/merkle.js'
import type { Digests, HashPlan } from '../src/ports/hasher.js'
import { systemHasher, type SystemHasher } from '../src/node/hasher.js'
import { WorkerPool } from '../src/node/hash-pool.js'
import { digest } from './torrent-fixture.js'

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const hasher of opened.splice(0)) await hasher.close()
})

function open(workers: number): SystemHasher {
  const hasher = systemHasher({ workers })
  opened.push(hasher)
  return hasher
}

function data(lengthBytes: number, salt = 0): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: lengthBytes }, (_, index) => (index * 31 + (index >> 8) + salt) & 0xff)
}

const sha1Only: HashPlan = { sha1: true, leaves: false, zeroTailBytes: 0 }

function sha1(...parts: Uint8Array[]): string {
  const hash = createHash('sha1')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}

function hex(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('hex')
}

/** Hashes `bytes` cut into parts of `partBytes`, without waiting between them; gives what came back, and the digests. */
async function hashParts(hasher: SystemHasher, id: number, plan: HashPlan, bytes: Uint8Array, partBytes: number) {
  const answers = []
  for (let at = 0; at === 0 || at < bytes.length; at += partBytes) {
    answers.push(hasher.hash({ id, plan }, bytes.slice(at, at + partBytes), at + partBytes >= bytes.length))
  }
  const settled = await Promise.all(answers)
  return {
    bytes: Buffer.concat(settled.map((answer) => answer.bytes)),
    digests: settled.at(-1)?.digests ?? ({} satisfies Digests),
  }
}

describe.each([
  ['inline', 0],
  ['one worker', 1],
  ['three workers', 3],
])('hasher, %s', (_name, workers) => {
  it.each([
    ['nothing', 0, 16_384],
    ['one byte', 1, 16_384],
    ['a short piece, whole', 30_000, 30_000],
    ['a piece, whole', 1_048_576, 1_048_576],
    ['a piece in extents', 3 * 1_048_576 + 5, 1_048_576],
    ['parts that cut leaves', 200_001, 9_999],
  ])('gives SHA-1, leaves and root, and the bytes back: %s', async (_case, lengthBytes, partBytes) => {
    const hasher = open(workers)
    const bytes = data(lengthBytes)
    const leafCount = 4 * leafCountOf(lengthBytes)
    const plan = { sha1: true, leaves: true, zeroTailBytes: 100_000, leafCount }
    const result = await hashParts(hasher, 7, plan, bytes, partBytes)
    const leaves = leavesOf(bytes, digest)
    expect(result.bytes.equals(bytes)).toBe(true)
    expect(hex(result.digests.sha1)).toBe(sha1(bytes, new Uint8Array(100_000)))
    expect(hex(result.digests.leaves)).toBe(hex(leaves))
    expect(hex(result.digests.root)).toBe(hex(merkleRoot(leaves, leafCount, digest)))
  })

  it('gives only what the plan asks for', async () => {
    const { digests } = await hashParts(open(workers), 1, sha1Only, data(100_000), 100_000)
    expect(Object.keys(digests)).toEqual(['sha1'])
    const leavesOnly = { sha1: false, leaves: true, zeroTailBytes: 0, leafCount: 8 }
    const other = await hashParts(open(workers), 1, leavesOnly, data(100_000), 100_000)
    expect(Object.keys(other.digests)).toEqual(['leaves', 'root'])
  })

  it('keeps jobs apart that are under way at once', async () => {
    const hasher = open(workers)
    const ids = [0, 1, 2, 3, 4, 5, 6, 7]
    const results = await Promise.all(ids.map((id) => hashParts(hasher, id, sha1Only, data(600_000, id), 70_000)))
    expect(results.map(({ digests }) => hex(digests.sha1))).toEqual(ids.map((id) => sha1(data(600_000, id))))
  })

  it('starts anew after drop', async () => {
    const hasher = open(workers)
    const job = { id: 3, plan: sha1Only }
    await hasher.hash(job, data(50_000, 1), false)
    hasher.drop(job)
    hasher.drop(job)
    const { digests } = await hasher.hash(job, data(50_000, 2), true)
    expect(hex(digests?.sha1)).toBe(sha1(data(50_000, 2)))
  })

  it('leaves the other users of a shared buffer alone', async () => {
    const slab = data(200_000)
    const part = slab.subarray(50_000, 150_000)
    const answer = await open(workers).hash({ id: 1, plan: sha1Only }, part, true)
    expect(hex(answer.digests?.sha1)).toBe(sha1(data(200_000).subarray(50_000, 150_000)))
    expect(answer.bytes).toBe(part)
    expect(slab.length).toBe(200_000)
  })

  it('rejects with CLOSED after close, also what was under way', async () => {
    const hasher = open(workers)
    const underWay = hasher.hash({ id: 1, plan: sha1Only }, data(4_000_000), true)
    const outcome = underWay.catch((error: unknown) => error)
    await hasher.close()
    expect(await outcome).toMatchObject({ code: 'CLOSED' })
    await expect(hasher.hash({ id: 2, plan: sha1Only }, data(10), true)).rejects.toMatchObject({ code: 'CLOSED' })
    await hasher.close()
  })

  it.each(['sha1', 'sha256'] as const)('digests %s at once', (algorithm) => {
    const bytes = data(1_000)
    expect(hex(open(workers).digest(algorithm, bytes))).toBe(createHash(algorithm).update(bytes).digest('hex'))
  })
})

describe('hashing on the main thread', () => {
  it('lets the event loop turn at least every 256 KiB, whatever the number of jobs', async () => {
    const hasher = open(0)
    let isOver = false
    let turns = 0
    const turn = (): void => {
      turns++
      if (!isOver) setImmediate(turn)
    }
    setImmediate(turn)
    await Promise.all([1, 2, 3, 4].map((id) => hasher.hash({ id, plan: sha1Only }, data(1_048_576), true)))
    isOver = true
    expect(turns).toBeGreaterThanOrEqual(16)
  })
})

describe('hash workers', () => {
  it('take the buffer and give the same memory back', async () => {
    const bytes = data(100_000)
    const answering = open(1).hash({ id: 1, plan: sha1Only }, bytes, true)
    expect(bytes.length).toBe(0)
    expect((await answering).bytes.length).toBe(100_000)
  })

  it('that end reject their jobs by a typed error, once more when continued, and new jobs get a new worker', async () => {
    const crash = new URL('support/crashing-hash-worker.js', import.meta.url)
    let starts = 0
    const pool = new WorkerPool(1, () => (starts++ === 0 ? crash : undefined))
    opened.push(pool)
    const job = { id: 1, plan: sha1Only }
    const other = { id: 2, plan: sha1Only }
    const failure = { code: 'PLUGIN_FAILED', plugin: 'node', hook: 'hash' }
    const calls = [pool.hash(job, data(50_000), false), pool.hash(other, data(50_000), true)]
    for (const call of calls) await expect(call).rejects.toMatchObject(failure)
    await expect(pool.hash(job, data(50_000), true)).rejects.toMatchObject(failure)
    const { digests } = await pool.hash(job, data(50_000), true)
    expect(hex(digests?.sha1)).toBe(sha1(data(50_000)))
    expect(starts).toBe(2)
  })
})

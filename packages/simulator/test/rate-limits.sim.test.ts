import { describe, expect, it } from 'vitest'
import { simulate } from '../src/index.js'
import { piecePicker } from '@bitloom/piece-picker'

const kib = 1_024
const mib = 1_024 ** 2
const windowMs = 10_000

/** Bytes a second that come to all downloaders in ten seconds, from the second on in which the limit has settled. */
async function measured(limit: number, options: { way: 'down' | 'up'; seeds?: number; settleMs: number }) {
  const name = options.way === 'down' ? 'downBytesPerSecond' : 'upBytesPerSecond'
  const line = 20 * limit
  const limits = { limits: { [name]: limit } }
  // A bucket that is full at the start lets a little more through, and nobody may be whole before the end.
  const lengthBytes = Math.ceil((1.2 * limit * (options.settleMs + windowMs)) / 1_000 / mib) * mib
  const { samples } = await simulate({
    seed: 'rates',
    torrent: { lengthBytes, pieceBytes: Math.min(4 * mib, 65_536 * Math.ceil(limit / mib)) },
    groups: [
      {
        name: 'seed',
        count: options.seeds ?? 1,
        has: 'all',
        upBytesPerSecond: line,
        downBytesPerSecond: line,
        ...(options.way === 'up' ? limits : {}),
      },
      {
        name: 'peer',
        count: 1,
        upBytesPerSecond: line,
        downBytesPerSecond: line,
        plugins: () => [piecePicker()],
        ...(options.way === 'down' ? limits : {}),
      },
    ],
    network: { latencyMs: 5 },
    untilMs: options.settleMs + windowMs,
    sampleEveryMs: 1_000,
  })
  const bytesAt = (atMs: number): number => samples.find((sample) => sample.atMs >= atMs)?.downloadedBytes ?? 0
  return ((bytesAt(options.settleMs + windowMs) - bytesAt(options.settleMs)) * 1_000) / windowMs
}

describe.each(['down', 'up'] as const)('over ten seconds a %s limit is kept within 5 %%', (way) => {
  it.each([
    ['100 KiB/s', 100 * kib, 5_000],
    ['5 MiB/s', 5 * mib, 5_000],
  ])('of %s', async (_name, limit, settleMs) => {
    const rate = await measured(limit, { way, settleMs })
    expect(rate / limit).toBeGreaterThan(0.95)
    expect(rate / limit).toBeLessThan(1.05)
  })
})

it('over ten seconds a limit of 100 MiB/s is kept within 5 %', { timeout: 240_000 }, async () => {
  const limit = 100 * mib
  const rate = await measured(limit, { way: 'down', settleMs: 1_000, seeds: 4 })
  expect(rate / limit).toBeGreaterThan(0.95)
  expect(rate / limit).toBeLessThan(1.05)
})

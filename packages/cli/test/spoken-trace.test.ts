import type { TraceRecord } from '@bitloom/core'
import { describe, expect, it } from 'vitest'
import { createOutput } from '../src/output.js'
import { spokenTrace } from '../src/trace/trace-file.js'

function listen(verbosity: number) {
  const lines: string[] = []
  const write = (text: string | Uint8Array): number => lines.push(String(text).trimEnd())
  const options = { json: false, quiet: false, color: 'never', env: {}, wallMs: () => 0 } as const
  const output = createOutput({ ...options, stdout: { write }, stderr: { write } })
  return { lines, sink: spokenTrace({ output, verbosity }) }
}

const torrent = (id: string): TraceRecord => ({
  event: 'torrent',
  atMs: 0,
  torrent: id,
  name: `film-${id}`,
  infoHash: 'aa',
  pieceCount: 100,
  pieceLengthBytes: 16_384,
  state: 'downloading',
})
const pick = (atMs: number, reason: string, blocks: number, id = 'a'): TraceRecord => ({
  event: 'pick',
  atMs,
  torrent: id,
  peer: 1,
  address: '10.0.0.1:1',
  piece: 7,
  blocks,
  firstBlock: 0,
  by: 'picker',
  name: 'rarest-first',
  reason,
  busy: false,
  availability: 2,
  priority: 4,
  allowedFast: false,
})

describe('decisions as they are made', () => {
  it('are silent without -v', () => {
    expect(listen(0).sink).toBeUndefined()
  })

  it('with -v: the first pick, then every 10 s how many blocks for which reason', () => {
    const { lines, sink } = listen(1)
    sink?.(torrent('a'))
    sink?.(pick(1_000, 'random start', 4))
    for (let atMs = 2_000; atMs <= 11_000; atMs += 1_000)
      sink?.(pick(atMs, atMs < 5_000 ? 'random start' : 'rarest', 2))
    sink?.(pick(12_000, 'rarest', 2))
    expect(lines).toEqual([
      expect.stringMatching(/^why: 10\.0\.0\.1:1 is asked 4 blocks of piece 7 .*picker rarest-first, random start/),
      'why: blocks asked in 10s: 14 by picker rarest-first, rarest; 6 by picker rarest-first, random start',
    ])
  })

  it('name the torrent where there are several, each with counts of its own', () => {
    const { lines, sink } = listen(1)
    for (const id of ['a', 'b']) sink?.(torrent(id))
    for (const id of ['a', 'b']) sink?.(pick(0, 'rarest', 1, id))
    sink?.(pick(10_000, 'rarest', 5, 'b'))
    expect(lines.map((line) => line.slice(0, 28))).toEqual([
      'why: film-a: 10.0.0.1:1 is a',
      'why: film-b: 10.0.0.1:1 is a',
      'why: film-b: blocks asked in',
    ])
  })

  it('with -vv: each', () => {
    const { lines, sink } = listen(2)
    for (let atMs = 0; atMs < 5; atMs++) sink?.(pick(atMs, 'rarest', 1))
    expect(lines).toHaveLength(5)
  })
})

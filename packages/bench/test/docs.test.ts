import { describe, expect, it } from 'vitest'
import type { TransferResult } from '../rig/transfer.js'
import { formatFigures, withFigures } from '../src/docs.js'
import { goalsOf, goalTable } from '../src/goals.js'
import { missedGoals, reasons } from '../src/reasons.js'
import type { BenchResults } from '../src/results.js'

const facts = {
  date: '2026-11-27',
  command: 'npm run bench',
  processor: 'a processor',
  cores: 2,
  memoryGibibytes: 24,
  system: 'linux 6',
  node: 'v24.0.0',
  folder: '/dev/shm',
}

/** A gibibyte in so many seconds; each side takes one second of CPU time for each of them. */
function transfer(seconds: number, foreignShare = 0): TransferResult {
  const side = { cpuSeconds: seconds, peakRssBytes: 2 ** 27, peakAnonBytes: 2 ** 26 }
  return { seconds, lengthBytes: 2 ** 30, seeder: side, leecher: { ...side, loopDelayP99Ms: 30 }, foreignShare }
}

function pair(seeder: string, leecher: string, seconds: number, name = 'one', foreignShare = 0) {
  return { case: name, seeder, leecher, results: [transfer(seconds, foreignShare)] }
}

const results: BenchResults = {
  facts,
  side: [
    pair('libtorrent', 'libtorrent', 4),
    pair('bitloom', 'bitloom', 1),
    pair('libtorrent', 'bitloom', 4),
    pair('libtorrent', 'aria2', 2),
    pair('bitloom', 'libtorrent', 2),
    pair('libtorrent', 'bitloom', 5, 'files'),
  ],
}

describe('goals', () => {
  const find = (start: string) => goalsOf(results).find(({ name }) => name.startsWith(start))

  it('are ratios within one run', () => {
    expect(find('Bitloom to Bitloom')).toMatchObject({ measured: '4.00 × (1024 : 256)', isMet: true })
    expect(find('Bitloom downloading')).toMatchObject({ measured: '0.50 × (256 : 512)', isMet: false })
    expect(find('Bitloom serving')).toMatchObject({ measured: '2.00 × (512 : 256)', isMet: true })
    expect(find('CPU s/GiB of a Bitloom leecher')).toMatchObject({ measured: '2.00 × (4.00 : 2.00)', isMet: false })
    expect(find('files')).toMatchObject({ measured: '0.80 × (205 : 256)', isMet: true })
  })

  it('on throughput and CPU time are about the long case, where there is one', () => {
    const side = [
      ...(results.side ?? []),
      pair('libtorrent', 'bitloom', 2, 'long'),
      pair('libtorrent', 'aria2', 4, 'long'),
    ]
    const found = goalsOf({ facts, side }).filter(({ name }) => /^Bitloom down|leecher against|^files/.test(name))
    expect(found.map(({ measured }) => measured)).toEqual([
      '2.00 × (512 : 256)',
      '0.50 × (2.00 : 4.00)',
      '0.80 × (205 : 256)',
    ])
  })

  it('are limits', () => {
    expect(find('peak anonymous')).toMatchObject({ goal: '≤ 110 MiB', measured: '64.0 MiB', isMet: true })
    expect(find('event-loop')).toMatchObject({ measured: '30.0 ms', isMet: false })
  })

  it('on scale hold for as many as the goal says', () => {
    const scaleOf = (count: number): BenchResults => ({
      facts,
      scale: {
        starts: [{ node: '20.20.2', firstDialMs: 100, bareMs: 50 }],
        idleTorrents: { count, startSeconds: 1, startCpuSeconds: 1, rssMebibytes: 100, cpuShare: 0.01 },
        idlePeers: { count, bytesEach: 1_000, idleCpuShare: 0, stormCpuShare: 0.01, stormPiecesPerSecond: 10 },
      },
    })
    const met = (count: number) => goalsOf(scaleOf(count)).filter(({ isMet }) => isMet === true).length
    expect([met(100), met(1_000), met(10_000)]).toEqual([1, 3, 6])
  })

  it('on long paths are what the worst rate reached of what was allowed', () => {
    const peer = (allowedRate: number, reachedRate: number, roundTripMs = 50) => ({
      roundTripMs,
      lineRate: 125_000,
      allowedRate: allowedRate * 2 ** 20,
      reachedRate: reachedRate * 2 ** 20,
    })
    const paths = { farPeers: [peer(4, 4), peer(10, 7), peer(10, 9, 200)], leastShare: 1, slowedBy: 1 }
    const found = goalsOf({ facts, paths }).filter(({ name }) => name.startsWith('one peer at'))
    expect(found).toMatchObject([
      { measured: '0.70 × (7.00 : 10.0)', isMet: false },
      { measured: '0.90 × (9.00 : 10.0)', isMet: true },
    ])
  })

  it('that the run did not measure are neither met nor missed', () => {
    expect(find('peers-50')).toMatchObject({ measured: undefined, isMet: undefined })
    const rows = goalTable(goalsOf({ facts }))
    expect(new Set(rows.slice(1).map((row) => row[2]))).toEqual(new Set(['not measured in this run']))
  })
})

describe('missed goals', () => {
  it('have a reason and a next step, others have none', () => {
    const text = formatFigures(results, {})
    expect(text).toContain('- **CPU s/GiB of a Bitloom leecher against aria2**: of the CPU time')
    expect(text).not.toContain('- **Bitloom serving libtorrent')
    expect(missedGoals([{ name: 'a goal', goal: '1', measured: '2', isMet: false }])).toEqual([
      '- **a goal**: no profile has been taken yet.',
    ])
  })

  it('are still what the reasons are about', () => {
    const names = goalsOf({ facts }).map(({ name }) => name)
    expect(reasons.filter(({ goal }) => !names.some((name) => name.startsWith(goal)))).toEqual([])
  })
})

describe('the page', () => {
  const marks = ['<!-- figures: written by npm run bench -- --write-docs -->', '<!-- end of figures -->']

  it('gets the figures between its marks, each time anew', () => {
    const page = `before\n\n${marks[0]}\n\nold\n\n${marks[1]}\n\nafter\n`
    const once = withFigures(page, 'new')
    expect(once).toBe(`before\n\n${marks[0]}\n\nnew\n\n${marks[1]}\n\nafter\n`)
    expect(withFigures(once, 'new')).toBe(once)
    expect(() => withFigures('a page', 'new')).toThrow('no marks')
  })

  it('names command, machine and date, what was left out, and a machine that was not quiet', () => {
    const text = formatFigures({ ...results, absent: ['qbittorrent'] }, {})
    expect(text).toContain('on 2026-11-27 with `npm run bench`: a processor, 2 cores, 24 GiB, linux 6, Node v24.0.0')
    expect(text).toContain('left out: qbittorrent.')
    expect(text).not.toContain('other programs')
    const noisy = formatFigures({ facts, side: [pair('libtorrent', 'bitloom', 1, 'one', 0.4)] }, {})
    expect(noisy).toContain('In 1 of 1 transfers other programs took more than 5 % of the machine, 40 % at the most')
  })
})

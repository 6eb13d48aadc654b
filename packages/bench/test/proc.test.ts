import { describe, expect, it } from 'vitest'
import { busySeconds, watchTree } from '../rig/process-tree.js'
import { parseBusyTicks, parseStat, parseStatus } from '../src/proc.js'

describe('/proc', () => {
  it('tells parent and times, whatever the name of the program', () => {
    const rest = 'S 17 42 42 0 -1 4194560 100 200 0 0 11 22 33 44 20 0 7 0 1234 1 2'
    for (const name of ['node', 'a b', ') R 9 9 (']) {
      expect(parseStat(`42 (${name}) ${rest}\n`)).toEqual({ parent: 17, cpuTicks: 110 })
    }
  })

  it('tells nothing of a process that has gone', () => {
    expect(parseStat('')).toBeUndefined()
    expect(parseStat('42 (node) S 17')).toBeUndefined()
    expect(parseStatus('')).toBeUndefined()
    // A zombie has no memory.
    expect(parseStatus('Name:\tnode\nState:\tZ (zombie)\n')).toBeUndefined()
  })

  it('tells memory in bytes', () => {
    const text = 'Name:\tnode\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\nRssAnon:\t     512 kB\nRssFile:\t 1 kB\n'
    expect(parseStatus(text)).toEqual({ rssBytes: 1 << 20, peakRssBytes: 2 << 20, anonBytes: 1 << 19 })
  })

  it('tells how long the cores were busy: neither idle nor waiting, guests not twice', () => {
    expect(parseBusyTicks('cpu  1 2 4 1000 2000 8 16 32 64 128\ncpu0 1 1 1 1 1 1 1 1 0 0\n')).toBe(63)
    expect(parseBusyTicks('')).toBeNaN()
  })
})

describe('a watched tree', () => {
  it('has the time and memory of this very process', () => {
    const watch = watchTree(process.pid)
    try {
      const before = watch.cost()
      const busyBefore = busySeconds()
      const until = process.cpuUsage()
      while (process.cpuUsage(until).user < 100_000) Math.sqrt(2)
      const after = watch.cost()
      expect(after.cpuSeconds - before.cpuSeconds).toBeGreaterThanOrEqual(0.08)
      expect(busySeconds() - busyBefore).toBeGreaterThanOrEqual(0.05)
      expect(after.peakRssBytes).toBeGreaterThan(20 << 20)
      expect(after.peakAnonBytes).toBeLessThan(after.peakRssBytes)
    } finally {
      watch.stop()
    }
  })

  it('that has gone costs nothing more', () => {
    const watch = watchTree(2 ** 22 + 1)
    expect(watch.cost()).toEqual({ cpuSeconds: 0, rssBytes: 0, peakRssBytes: 0, peakAnonBytes: 0 })
    watch.stop()
  })
})

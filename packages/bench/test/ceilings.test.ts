import { describe, expect, it } from 'vitest'
import { type Ceilings, ceilingTable, sideCeiling } from '../src/ceilings.js'
import { parseOpensslSpeed } from '../src/openssl.js'

describe('openssl speed', () => {
  it('is read from the line for machines', () => {
    expect(parseOpensslSpeed('+H:1048576\n+F:4:sha1:1551275670.59\n', 'sha1')).toBe(1_551_275_670.59)
  })

  it('without that line is an error that shows what came', () => {
    expect(() => parseOpensslSpeed('speed: Unknown algorithm', 'sha1')).toThrow('Unknown algorithm')
    expect(() => parseOpensslSpeed('+F:4:sha256:1\n', 'sha1')).toThrow('no speed of sha1')
  })
})

const ceilings: Ceilings = {
  sha1: { gibibytesPerSecond: 2, cpuSecondsPerGibibyte: 0.5 },
  receive: { gibibytesPerSecond: 5, cpuSecondsPerGibibyte: 0.1 },
  send: { gibibytesPerSecond: 5, cpuSecondsPerGibibyte: 0.2 },
  sendFile: { gibibytesPerSecond: 4, cpuSecondsPerGibibyte: 0.2 },
  write: { gibibytesPerSecond: 5, cpuSecondsPerGibibyte: 0.2 },
}

describe('the ceiling of a transfer', () => {
  it('is the slowest part where there are cores enough', () => {
    expect(sideCeiling(ceilings, 8)).toEqual({
      mebibytesPerSecond: 2048,
      leecherCpuSecondsPerGibibyte: expect.closeTo(0.8, 6) as number,
      seederCpuSecondsPerGibibyte: 0.2,
    })
  })

  it('is what the cores can do where there are few', () => {
    expect(sideCeiling(ceilings, 1)?.mebibytesPerSecond).toBeCloseTo(1024)
  })

  it('is not known without openssl, and the table says so', () => {
    const some = { ...ceilings, sha1: undefined }
    expect(sideCeiling(some, 2)).toBeUndefined()
    expect(ceilingTable(some)[1]).toEqual(['SHA-1, openssl speed, one core', 'not installed'])
    expect(ceilingTable(ceilings)[1]).toEqual(['SHA-1, openssl speed, one core', '2.00', '0.500'])
  })
})

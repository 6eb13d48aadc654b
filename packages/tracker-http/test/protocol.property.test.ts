import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TrackerError, encode } from '@bitloom/core'
import { percentEncode, readAnnounce, readScrape } from '../src/protocol.js'
import { raw } from './fakes.js'

const url = 'http://t.example.com/announce'
const bytes = fc.uint8Array({ maxLength: 60 })
const value = fc.oneof(fc.maxSafeInteger(), bytes, fc.array(fc.oneof(fc.maxSafeInteger(), bytes), { maxLength: 5 }))
const names = ['peers', 'peers6', 'interval', 'min interval', 'complete', 'incomplete', 'external ip', 'tracker id']
const known = fc.constantFrom(...names, 'warning message', 'files', 'failure reason', 'retry in')

describe('hostile answers', () => {
  it('any bytes end in an answer or in TrackerError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (input) => {
        expect(endsWell(input)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  it('any types in any field end in an answer or in TrackerError', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(known, value)), (fields) => {
        expect(endsWell(encode(new Map(fields)))).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  it('percent-encoding is undone byte for byte', () => {
    fc.assert(
      fc.property(bytes, (input) => {
        const back = percentEncode(input).replace(/%(..)/g, (_, hex: string) =>
          String.fromCharCode(Number.parseInt(hex, 16)),
        )
        expect(raw(back)).toEqual(input)
      }),
      { numRuns: 200 },
    )
  })
})

/** Both readers answer or throw TrackerError. */
function endsWell(input: Uint8Array): boolean {
  return [() => readAnnounce(input, url), () => readScrape(input, [input], url)].every((read) => {
    try {
      return typeof read() === 'object'
    } catch (error) {
      return error instanceof TrackerError
    }
  })
}

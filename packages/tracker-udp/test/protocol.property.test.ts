import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readAnnounce, readConnect, readError, readHead, readScrape, urlDataOptions } from '../src/protocol.js'
import { packet } from './fakes.js'

const body = fc.uint8Array({ maxLength: 300 })

describe('hostile packets', () => {
  it('end in a value or in nothing', () => {
    fc.assert(
      fc.property(fc.nat(4), body, (action, rest) => {
        const bytes = packet(action, 9, rest)
        const peers = [readAnnounce(bytes, 4), readAnnounce(bytes, 6)].flatMap((answer) => answer?.peers ?? [])
        expect(peers.every((peer) => peer.kind === 'ip' && peer.port > 0 && peer.port < 65_536)).toBe(true)
        expect(readScrape(bytes, [rest, rest])?.length ?? 2).toBe(2)
        expect(readConnect(bytes)?.length ?? 8).toBe(8)
        expect(readError(bytes)?.length ?? rest.length).toBe(rest.length)
        expect(readHead(rest) === undefined).toBe(rest.length < 8)
      }),
      { numRuns: 500 },
    )
  })

  it('URL data is put together again by its lengths', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1020 }), (data) => {
        const options = urlDataOptions(data)
        const back: number[] = []
        for (let at = 0; at < options.length; at += 2 + (options[at + 1] ?? 0)) {
          expect(options[at]).toBe(2)
          back.push(...options.subarray(at + 2, at + 2 + (options[at + 1] ?? 0)))
        }
        expect(Uint8Array.from(back)).toEqual(data)
      }),
      { numRuns: 100 },
    )
  })
})

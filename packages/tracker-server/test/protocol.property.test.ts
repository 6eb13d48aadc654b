import { decode } from '@bitloom/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseQuery, readAnnounce, readScrape, writeFailure } from '../src/http-protocol.js'
import { readRequest } from '../src/udp-protocol.js'

const bytes20 = fc.uint8Array({ minLength: 20, maxLength: 20 })
const escape = (bytes: Uint8Array): string => [...bytes].map((it) => `%${it.toString(16).padStart(2, '0')}`).join('')

describe('queries', () => {
  it('keep every byte of a hash', () => {
    fc.assert(
      fc.property(bytes20, bytes20, fc.nat(65_535), (infoHash, peerId, port) => {
        const query = parseQuery(`info_hash=${escape(infoHash)}&peer_id=${escape(peerId)}&port=${port}`)
        const read = query === undefined ? 'unread' : readAnnounce(query, '::1')
        expect(read).toMatchObject({
          announce: {
            infoHash: String.fromCharCode(...infoHash),
            peerId: String.fromCharCode(...peerId),
            endpoint: { kind: 'ip', host: '::1', port },
          },
        })
      }),
    )
  })

  it('of any text are read or refused with a reason that can be sent', () => {
    const part = fc.constantFrom(
      'info_hash',
      'peer_id',
      'port',
      'left',
      '=',
      '&',
      '%',
      '%ff',
      '0',
      'a'.repeat(20),
      '\u00ff',
    )
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(part).map((parts) => parts.join('')),
    )
    const isSound = (it: string): boolean => {
      const query = parseQuery(it)
      if (query === undefined) return true
      const reads = [readAnnounce(query, '10.0.0.1'), readScrape(query)]
      return reads.every((read) => typeof read !== 'string' || decode(writeFailure(read)) instanceof Map)
    }
    expect(() => fc.assert(fc.property(text, isSound), { numRuns: 1000 })).not.toThrow()
  })
})

describe('packets', () => {
  it('of any bytes are read within bounds or ignored, never thrown on', () => {
    const magic = [0, 0, 4, 0x17, 0x27, 0x10, 0x19, 0x80, 0, 0, 0]
    const framed = fc
      .tuple(fc.nat(4), fc.uint8Array({ maxLength: 1700 }))
      .map(([action, rest]) => Uint8Array.from([...magic, action, ...rest]))
    const isSound = (packet: Uint8Array, host: string): boolean => {
      const request = readRequest(packet, host)
      if (request?.kind === 'scrape') return request.infoHashes.length <= 74
      if (request?.kind !== 'announce') return true
      const { numWant } = request.announce
      return numWant >= 0 && 20 + numWant * (host === '::1' ? 18 : 6) <= 1232
    }
    const packet = fc.oneof(fc.uint8Array({ maxLength: 300 }), framed)
    const property = fc.property(packet, fc.constantFrom('10.0.0.1', '::1'), isSound)
    expect(() => fc.assert(property, { numRuns: 1000 })).not.toThrow()
  })
})

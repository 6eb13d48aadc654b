import { ipEndpoint, type IpEndpoint, latin1, latin1Bytes } from '@bitloom/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodePex, encodePex, type PexMessage } from '../src/protocol.js'

const at = (host: string, port: number): IpEndpoint => {
  const endpoint = ipEndpoint(host, port)
  if (endpoint === undefined) throw new RangeError(host)
  return endpoint
}

const endpoint = fc
  .tuple(fc.oneof(fc.ipV4(), fc.ipV6()), fc.integer({ min: 1, max: 65_535 }))
  .map(([host, port]) => ipEndpoint(host, port))
  .filter((found) => found !== undefined)
const name = ({ host, port }: IpEndpoint): string => `${host} ${port}`
const message: fc.Arbitrary<PexMessage> = fc.record({
  added: fc.uniqueArray(fc.record({ endpoint, flags: fc.nat({ max: 255 }) }), {
    maxLength: 50,
    selector: (peer) => name(peer.endpoint),
  }),
  dropped: fc.uniqueArray(endpoint, { maxLength: 50, selector: name }),
})

describe('messages', () => {
  it('are written as BEP 11 says', () => {
    const added = [
      { endpoint: at('1.2.3.4', 0x4142), flags: 0x12 },
      { endpoint: at('2001:db8::1', 0x4344), flags: 0 },
    ]
    expect(latin1(encodePex({ added, dropped: [at('5.6.7.8', 0x4546)] }))).toBe(
      'd5:added6:\u0001\u0002\u0003\u0004AB7:added.f1:\u00126:added618:\u0020\u0001\u000d\u00b8\0\0\0\0\0\0\0\0\0\0\0\u0001CD' +
        '8:added6.f1:\u00007:dropped6:\u0005\u0006\u0007\u0008EF8:dropped60:e',
    )
  })

  it('are read as they were written, IPv4 before IPv6', () => {
    fc.assert(
      fc.property(message, (before) => {
        const after = decodePex(encodePex(before))
        const key = (peer: PexMessage['added'][number]): string => `${name(peer.endpoint)} ${peer.flags}`
        expect(after?.added.map(key).toSorted()).toEqual(before.added.map(key).toSorted())
        expect(after?.dropped.map(name).toSorted()).toEqual(before.dropped.map(name).toSorted())
      }),
    )
  })

  it.each([
    ['nothing', ''],
    ['a list', 'le'],
    ['half an address', 'd5:added7:abcdefge'],
    ['half an IPv6 address', 'd6:added66:abcdefe'],
    ['a number for a list', 'd5:addedi6ee'],
    ['half a dropped address', 'd7:dropped5:abcdee'],
  ])('are none with %s', (_what, text) => {
    expect(decodePex(latin1Bytes(text))).toBeUndefined()
  })

  it('may lack flags and lists, have flags that do not fit, and name an address twice', () => {
    expect(decodePex(latin1Bytes('de'))).toEqual({ added: [], dropped: [] })
    expect(decodePex(latin1Bytes('d5:added12:abcdefabcdef7:added.f1:\u0002e'))?.added).toEqual([
      { endpoint: at('97.98.99.100', 0x6566), flags: 0 },
    ])
  })

  it('of ten thousand addresses are read in part', () => {
    const text = `d5:added60000:${'abcdef'.repeat(10_000)}e`
    expect(decodePex(latin1Bytes(text))?.added).toHaveLength(1)
    const many = Array.from({ length: 1_000 }, (_, index) => String.fromCharCode(1, 2, index >> 8, index & 255, 3, 4))
    expect(decodePex(latin1Bytes(`d5:added6000:${many.join('')}e`))?.added).toHaveLength(200)
  })

  it('of any bytes are read without a fault', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        decodePex(bytes)
      }),
    )
    fc.assert(
      fc.property(message, fc.nat(), fc.nat({ max: 255 }), (right, place, byte) => {
        const bytes = encodePex(right)
        bytes[place % bytes.length] = byte
        decodePex(bytes)
      }),
    )
  })
})

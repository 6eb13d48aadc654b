import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { latin1, latin1Bytes } from '../src/bytes/text.js'
import { decodeExtendedHandshake, encodeExtendedHandshake } from '../src/wire/extended.js'

const yourIp = Uint8Array.of(10, 0, 0, 1)

describe('an extension handshake', () => {
  it('is bencoded as BEP 10 has it', () => {
    const payload = encodeExtendedHandshake({
      messages: new Map([['ut_pex', 1]]),
      client: 'Bitloom 0.1.0',
      port: 6881,
      requestQueue: 500,
      uploadOnly: true,
      metadataSize: 31_235,
    })
    expect(latin1(payload)).toBe(
      'd1:md6:ut_pexi1ee13:metadata_sizei31235e1:pi6881e4:reqqi500e11:upload_onlyi1e1:v13:Bitloom 0.1.0e',
    )
  })

  it('comes back as it was', () => {
    const messages = new Map([
      ['ut_metadata', 2],
      ['lt_donthave', 7],
    ])
    const sent = {
      messages,
      client: 'µ 2',
      port: 1,
      yourIp,
      ipv4: yourIp,
      ipv6: new Uint8Array(16).fill(7),
      requestQueue: 250,
      uploadOnly: false,
      metadataSize: 10,
    }
    const { raw, ...got } =
      decodeExtendedHandshake(encodeExtendedHandshake({ ...sent, extra: new Map([['x', 3]]) })) ?? {}
    expect(got).toEqual(sent)
    expect(raw?.get('x')).toBe(3)
  })

  it('does not let an extension replace its own keys', () => {
    const payload = encodeExtendedHandshake({ messages: new Map(), port: 5, extra: new Map([['p', 6]]) })
    expect(decodeExtendedHandshake(payload)?.port).toBe(5)
  })

  it('names the extra key that cannot be sent', () => {
    for (const value of [() => 1, true, 0.5, [null], new Map([[1, 1]]), { a: 1 }]) {
      const extra = new Map([['weird', value]])
      expect(() => encodeExtendedHandshake({ messages: new Map(), extra })).toThrow('"weird"')
    }
  })

  it.each([
    ['p', 'd1:pi70000ee', 'port'],
    ['p', 'd1:p2:xxe', 'port'],
    ['v', 'd1:vi3ee', 'client'],
    ['reqq', 'd4:reqqi-1ee', 'requestQueue'],
    ['yourip', 'd6:yourip3:abce', 'yourIp'],
    ['ipv6', 'd4:ipv64:abcde', 'ipv6'],
    ['upload_only', 'd11:upload_only1:1e', 'uploadOnly'],
    ['metadata_size', 'd13:metadata_sizelee', 'metadataSize'],
  ] as const)('ignores a mistyped %s: %s', (_key, text, field) => {
    const theirs = decodeExtendedHandshake(latin1Bytes(text))
    expect(theirs).toBeDefined()
    expect(theirs?.[field]).toBeUndefined()
  })

  it('keeps the message ids that are ids', () => {
    const theirs = decodeExtendedHandshake(latin1Bytes('d1:md1:ai1e1:bi-1e1:ci256e1:d1:x1:ei0eee'))
    expect([...(theirs?.messages ?? [])]).toEqual([
      ['a', 1],
      ['e', 0],
    ])
  })

  it('drops control and bidirectional characters from the name, and cuts it', () => {
    const name = 'Evil\u001b[31m'
    const theirs = decodeExtendedHandshake(encodeExtendedHandshake({ messages: new Map(), client: `${name}\u202e!` }))
    expect(theirs?.client).toBe('Evil[31m!')
    const long = decodeExtendedHandshake(encodeExtendedHandshake({ messages: new Map(), client: 'x'.repeat(1000) }))
    expect(long?.client?.length).toBe(128)
  })

  it.each(['', 'le', 'i1e', 'd1:m', 'd1:pi1e'])('answers undefined for %j', (text) => {
    expect(decodeExtendedHandshake(latin1Bytes(text))).toBeUndefined()
  })

  it('does not keep the payload, and never throws', () => {
    const payload = latin1Bytes('d1:v3:abce')
    const theirs = decodeExtendedHandshake(payload)
    payload.fill(0)
    expect(theirs?.raw.get('v')).toEqual(latin1Bytes('abc'))
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        decodeExtendedHandshake(bytes)
      }),
    )
  })
})

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MetainfoError } from '../src/bytes/errors.js'
import { fromHex, toHex } from '../src/bytes/text.js'
import { infoHashHex, infoHashName, parseInfoHash, wireHashes } from '../src/metainfo/info-hash.js'
import { formatMagnet, magnetOf, parseMagnet } from '../src/metainfo/magnet.js'
import type { MagnetLink } from '../src/metainfo/metainfo.js'
import { parseTorrent } from '../src/metainfo/parse-torrent.js'
import { digest, outcomeOf, thrown, timed, torrentOf, v1Info } from './torrent-fixture.js'

const hex = '0123456789abcdef0123456789abcdef01234567'
const hex2 = 'ab'.repeat(32)
const v1 = fromHex(hex) as Uint8Array
const v2 = fromHex(hex2) as Uint8Array
const base = `magnet:?xt=urn:btih:${hex}`

describe('parseMagnet', () => {
  it('reads every field', () => {
    const link = parseMagnet(
      `${base}&xt=urn:btmh:1220${hex2}&dn=a+b%20c%2Bd&xl=1234&tr=http%3A%2F%2Ft.example%2Fa%3Fb%3D1%2B2&tr.2=udp://u.example:1` +
        '&tr=http%3A%2F%2Ft.example%2Fa%3Fb%3D1%2B2&tr=nonsense&ws=http://w.example/x+y&x.pe=1.2.3.4:5&x.pe=[::1]:6' +
        '&x.pe=h.example:7&x.pe=bad&x.pe=h:0&x.pe=h:70000&so=0,2,4-6,5&unknown=%41&empty',
    )
    expect(link).toEqual({
      infoHashes: { v1, v2 },
      name: 'a b c+d',
      lengthBytes: 1234,
      trackers: ['http://t.example/a?b=1+2', 'udp://u.example:1'],
      webSeeds: ['http://w.example/x+y'],
      peers: ['1.2.3.4:5', '[::1]:6', 'h.example:7'],
      selectOnly: [0, 2, 4, 5, 6],
    })
  })

  it('reads hashes of either case, in hex and base32', () => {
    expect(parseMagnet(`MAGNET:?XT=URN:BTIH:${hex.toUpperCase()}`).infoHashes).toEqual({ v1 })
    expect(parseMagnet('magnet:?xt=urn:btih:AERUKZ4JVPG66AJDIVTYTK6N54ASGRLH').infoHashes).toEqual({ v1 })
    expect(parseMagnet('magnet:?xt=urn:btih:aerukz4jvpg66ajdivtytk6n54asgrlh').infoHashes).toEqual({ v1 })
    expect(parseMagnet(`magnet:?xt.1=urn:btmh:1220${hex2}`).infoHashes).toEqual({ v2 })
    expect(parseMagnet(`${base}&xt=urn:ed2k:abc&xt=urn:btih:${hex}`).infoHashes).toEqual({ v1 })
  })

  it('makes the name safe, as in a torrent file', () => {
    expect(parseMagnet(`${base}&dn=..%2F..%2Fx`).name).toBe('.._.._x')
    expect(parseMagnet(`${base}&dn=..`).name).toBe('_')
    expect(parseMagnet(`${base}&dn=`).name).toBeUndefined()
  })

  it('takes a length only if it is one', () => {
    for (const text of ['-1', 'x', '1.5', '281474976710656', '99999999999999999999']) {
      expect(parseMagnet(`${base}&xl=${text}`).lengthBytes).toBeUndefined()
    }
    expect(parseMagnet(`${base}&xl=281474976710655`).lengthBytes).toBe(2 ** 48 - 1)
  })

  it.each([
    ['other text', 'http://x.example/'],
    ['no hash', 'magnet:?dn=x'],
    ['a hash of 39 digits', `magnet:?xt=urn:btih:${hex.slice(1)}`],
    ['a hash that is no hex', `magnet:?xt=urn:btih:${hex.slice(1)}g`],
    ['a hash that is no base32', 'magnet:?xt=urn:btih:0ERUKZ4JVPG66AJDIVTYTK6N54ASGRLH'],
    ['another multihash', `magnet:?xt=urn:btmh:1114${hex}`],
    ['a short multihash', `magnet:?xt=urn:btmh:1220${hex2.slice(2)}`],
    ['two hashes', `${base}&xt=urn:btih:${'0'.repeat(40)}`],
    ['a malformed escape in the name', `${base}&dn=%`],
    ['a malformed escape in a tracker', `${base}&tr=http%3A%2F%2Fx%zz`],
    ['an escape that is no UTF-8', `${base}&dn=%ff`],
    ['201 trackers', base + '&tr=udp://x:1'.repeat(201)],
    ['more than 64 KiB', `${base}&dn=${'x'.repeat(65_536)}`],
    ['more than 64 KiB in UTF-8', `${base}&dn=${'é'.repeat(33_000)}`],
    ['a selection of nonsense', `${base}&so=1,x`],
    ['an endless selection', `${base}&so=0-999999999`],
  ])('refuses %s', (_, text) => {
    const { result, ms } = timed(() => thrown(() => parseMagnet(text)))
    expect(result).toBeInstanceOf(MetainfoError)
    expect(result).toMatchObject({ code: 'MAGNET_INVALID' })
    expect(ms).toBeLessThan(200)
  })

  it('reads 200 trackers and 64 KiB', () => {
    const trackers = Array.from({ length: 200 }, (_, index) => `udp://t${index}.example:1`)
    expect(parseMagnet(`${base}&tr=${trackers.join('&tr=')}`).trackers).toEqual(trackers)
    expect(() => parseMagnet(`${base}&dn=`.padEnd(65_536, 'x'))).not.toThrow()
  })

  it('ends with a link or its own error, whatever the text', () => {
    const text = fc.string({
      unit: fc.constantFrom('%', '=', '&', 'x', 't', ':', 'urn:btih:', hex, 'so=', '-', '1', 'dn'),
    })
    const property = fc.property(text, (rest) => {
      const outcome = outcomeOf(() => parseMagnet(`magnet:?${rest}`))
      expect(outcome instanceof MetainfoError || outcome === undefined).toBe(true)
    })
    fc.assert(property, { numRuns: 2_000 })
  })
})

describe('formatMagnet', () => {
  it('gives what parseMagnet reads', () => {
    const link: MagnetLink = {
      infoHashes: { v1, v2 },
      name: 'ä & b+c=d %41',
      lengthBytes: 5,
      trackers: ['http://t.example/a?b=1&c=+%20', 'wss://x.example/'],
      webSeeds: ['http://w.example/a b'.replace(' ', '%20')],
      peers: ['[::1]:6881', 'h.example:1'],
      selectOnly: [0, 1, 2, 5, 7, 8],
    }
    expect(parseMagnet(formatMagnet(link))).toEqual(link)
    expect(formatMagnet(link)).toContain('&so=0-2,5,7-8')
  })

  it('needs a hash, and no more', () => {
    const bare = { trackers: [], webSeeds: [], peers: [] }
    expect(formatMagnet({ infoHashes: { v1 }, ...bare })).toBe(base)
    expect(() => formatMagnet({ infoHashes: {}, ...bare })).toThrow(MetainfoError)
  })

  it('prints the link of a torrent', () => {
    const around = { 'announce-list': [['http://a.example/', 'udp://b.example:1'], ['http://c.example/']] }
    const torrent = parseTorrent(torrentOf(v1Info(17, 16, { name: 'x y' }), around), digest)
    const hash = toHex(torrent.infoHashes.v1 as Uint8Array)
    expect(formatMagnet(magnetOf(torrent))).toBe(
      `magnet:?xt=urn:btih:${hash}&dn=x%20y&xl=17&tr=http%3A%2F%2Fa.example%2F&tr=udp%3A%2F%2Fb.example%3A1&tr=http%3A%2F%2Fc.example%2F`,
    )
  })
})

describe('info-hashes', () => {
  it('are written and read in hex', () => {
    expect(infoHashHex({ v1, v2 })).toEqual({ v1: hex, v2: hex2 })
    expect([infoHashName({ v1, v2 }), infoHashName({ v2 }), infoHashName({})]).toEqual([hex, hex2, ''])
    expect(parseInfoHash(hex.toUpperCase())).toEqual({ v1 })
    expect(parseInfoHash(hex2)).toEqual({ v2 })
    expect([parseInfoHash('x'), parseInfoHash(`${hex}00`), parseInfoHash('')]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })

  it('are 20 bytes on the wire', () => {
    expect(wireHashes({ v1, v2 })).toEqual([v1, v2.subarray(0, 20)])
  })
})

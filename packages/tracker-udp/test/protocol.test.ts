import { describe, expect, it } from 'vitest'
import {
  announcePacket,
  connectPacket,
  readAnnounce,
  readConnect,
  readError,
  readHead,
  readScrape,
  scrapePacket,
  urlDataOf,
  urlDataOptions,
} from '../src/protocol.js'
import { identity, packet, request } from './fakes.js'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const connectionId = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)

describe('requests', () => {
  it('connect', () => expect(hex(connectPacket(0xfffffffe))).toBe('000004172710198000000000fffffffe'))

  it('announce', () => {
    const changed = { ...request, downloaded: 2 ** 48, left: 2 ** 33 + 1, uploaded: 5, event: 'stopped' as const }
    const bytes = announcePacket(connectionId, 9, { request: changed, identity, urlData: new Uint8Array() })
    const parts = [
      '0102030405060708 00000001 00000009',
      '000102030405060708090a0b0c0d0e0f10111213',
      '6465666768696a6b6c6d6e6f7071727374757677',
      '0001000000000000 0000000200000001 0000000000000005',
      '00000003 00000000 deadbeef 00000032 1ae1',
    ]
    expect(hex(bytes)).toBe(parts.join('').replaceAll(' ', ''))
  })

  it.each([
    [undefined, 0],
    ['completed', 1],
    ['started', 2],
    ['stopped', 3],
  ] as const)('event %s is %i', (event, number) => {
    const bytes = announcePacket(connectionId, 9, {
      request: { ...request, event },
      identity,
      urlData: new Uint8Array(),
    })
    expect(bytes[83]).toBe(number)
  })

  it.each([
    [-1, 'ffffffff'],
    [-7, 'ffffffff'],
    [0, '00000000'],
    [2 ** 40, '7fffffff'],
  ])('wants %i peers', (numWant, field) => {
    const bytes = announcePacket(connectionId, 9, {
      request: { ...request, numWant },
      identity,
      urlData: new Uint8Array(),
    })
    expect(hex(bytes.subarray(92, 96))).toBe(field)
  })

  it('never writes a negative or broken count', () => {
    const changed = { ...request, left: -1, uploaded: 1.5 }
    const bytes = announcePacket(connectionId, 9, { request: changed, identity, urlData: new Uint8Array() })
    expect(hex(bytes.subarray(64, 80))).toBe('00000000000000000000000000000001')
  })

  it('scrape', () => {
    const bytes = scrapePacket(connectionId, 9, [new Uint8Array(20).fill(1), new Uint8Array(20).fill(2)])
    expect(hex(bytes)).toBe(`01020304050607080000000200000009${'01'.repeat(20)}${'02'.repeat(20)}`)
  })
})

describe('URL data (BEP 41)', () => {
  it.each([
    ['http://t:1', {}, ''],
    ['http://t:1/', {}, ''],
    ['http://t:1/announce', {}, '/announce'],
    ['http://t:1/dir?a=b&c=d', {}, '/dir?a=b&c=d'],
    ['http://t:1/?a', {}, '/?a'],
    ['http://t:1/a?b=c', { 'd e': 'f&g' }, '/a?b=c&d%20e=f%26g'],
    ['http://t:1', { d: 'e' }, '/?d=e'],
  ])('of %s with %j is %s', (url, params, expected) => {
    expect(Buffer.from(urlDataOf(new URL(url), params)).toString()).toBe(expected)
  })

  it.each([
    [0, []],
    [1, [1]],
    [255, [255]],
    [256, [255, 1]],
    [600, [255, 255, 90]],
  ])('%i bytes are cut into parts', (length, parts) => {
    const data = new Uint8Array(length).fill(0x61)
    const options = urlDataOptions(data)
    expect(hex(options)).toBe(
      parts.map((size) => `02${size.toString(16).padStart(2, '0')}${'61'.repeat(size)}`).join(''),
    )
  })

  it('comes after byte 98 of an announce', () => {
    const bytes = announcePacket(connectionId, 9, { request, identity, urlData: new TextEncoder().encode('/a') })
    expect(hex(bytes.subarray(98))).toBe('02022f61')
  })
})

describe('replies', () => {
  it('announce, by the family of the socket', () => {
    const v4 = packet(1, 9, 1800, 7, 8, Uint8Array.of(1, 2, 3, 4, 0x1a, 0xe1, 9, 9, 9, 9, 0, 0, 5, 5))
    expect(readAnnounce(v4, 4)).toEqual({
      peers: [{ kind: 'ip', host: '1.2.3.4', port: 6881 }],
      intervalMs: 1_800_000,
      leechers: 7,
      seeders: 8,
    })
    const v6 = packet(1, 9, 0, 0, 0, 0x20010db8, 0, 0, 9, Uint8Array.of(0, 80))
    expect(readAnnounce(v6, 6)?.peers).toEqual([{ kind: 'ip', host: '2001:db8::9', port: 80 }])
  })

  it('takes at most 2,000 peers', () => {
    const many = Uint8Array.from({ length: 6 * 5000 }, () => 1)
    expect(readAnnounce(packet(1, 9, 1, 1, 1, many), 4)?.peers.length).toBe(2000)
  })

  it('scrape, in the order asked', () => {
    const [a, b] = [new Uint8Array(20), new Uint8Array(20).fill(1)]
    expect(readScrape(packet(2, 9, 1, 2, 3, 4, 5, 6), [a, b])).toEqual([
      { infoHash: a, seeders: 1, completed: 2, leechers: 3 },
      { infoHash: b, seeders: 4, completed: 5, leechers: 6 },
    ])
  })

  it('connect gives a copy', () => {
    const bytes = packet(0, 9, 1, 2)
    const id = readConnect(bytes)
    bytes.fill(0)
    expect(hex(id ?? new Uint8Array())).toBe('0000000100000002')
  })

  it('error', () => expect(readError(packet(3, 9, 'no'))).toEqual(new TextEncoder().encode('no')))

  it('what is short or of another action is nothing', () => {
    const hashes = [new Uint8Array(20), new Uint8Array(20)]
    const readers = [
      [readHead, packet(1, 9)],
      [readConnect, packet(0, 9, 1, 2)],
      [(bytes: Uint8Array) => readAnnounce(bytes, 4), packet(1, 9, 1, 2, 3)],
      [(bytes: Uint8Array) => readScrape(bytes, hashes), packet(2, 9, 1, 2, 3, 4, 5, 6)],
      [readError, packet(3, 9)],
    ] as const
    for (const [index, [read, whole]] of readers.entries()) {
      expect(read(whole)).toBeDefined()
      for (let length = 0; length < whole.length; length++) expect(read(whole.subarray(0, length))).toBeUndefined()
      const other = packet(4, 9, 1, 2, 3, 4, 5, 6)
      expect(index === 0 ? undefined : read(other)).toBeUndefined()
    }
  })

  it('reads views that do not begin at their buffer', () => {
    const bytes = packet(0xffffffff, 1, 9, 1800, 7, 8).subarray(4)
    expect(readAnnounce(bytes, 4)).toMatchObject({ intervalMs: 1_800_000, leechers: 7, seeders: 8 })
  })
})

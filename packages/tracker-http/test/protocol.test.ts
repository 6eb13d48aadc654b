import { describe, expect, it } from 'vitest'
import { announceUrl, percentEncode, readAnnounce, readScrape, scrapeUrl } from '../src/protocol.js'
import { identity, raw, request } from './fakes.js'

const url = 'http://t.example.com/announce?passkey=0123456789abcdef'

describe('percentEncode', () => {
  it('escapes every byte that is not unreserved', () => {
    const all = Uint8Array.from({ length: 256 }, (_, byte) => byte)
    const text = percentEncode(all)
    expect(text.replace(/%[0-9A-F]{2}/g, '')).toBe('-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~')
    expect(text.startsWith('%00%01%02')).toBe(true)
    expect(text.endsWith('%FE%FF')).toBe(true)
  })
})

describe('announceUrl', () => {
  const query = (changes: object, more: object = {}): URLSearchParams =>
    new URL(announceUrl({ ...request, ...changes }, { ...identity, ...more })).searchParams

  it('has the fields of BEP 3, 7 and 23', () => {
    expect(announceUrl(request, identity)).toBe(
      'http://tracker.local/announce?info_hash=%00%0D%1A%274AN%5Bhu%82%8F%9C%A9%B6%C3%D0%DD%EA%F7' +
        '&peer_id=-BL0100-abcdefghijkl&port=6881&uploaded=1&downloaded=2&left=3&compact=1&no_peer_id=1&key=0000BEEF' +
        '&numwant=50',
    )
  })

  it('adds event and tracker id where there are any', () => {
    expect(query({ event: 'started' }).get('event')).toBe('started')
    expect(query({}).has('event')).toBe(false)
    expect(announceUrl(request, { ...identity, trackerId: 'a\u00FF&' })).toContain('&trackerid=a%FF%26')
  })

  it('writes counts in full and never negative', () => {
    expect(query({ left: 2 ** 48 - 1 }).get('left')).toBe('281474976710655')
    expect(query({ left: -1 }).get('left')).toBe('0')
    expect(query({ numWant: 0 }).get('numwant')).toBe('0')
    expect(query({ numWant: -1 }).has('numwant')).toBe(false)
  })

  it('lets custom parameters replace ours', () => {
    const custom = query({ params: { compact: '0', 'a b': 'c&d' } })
    expect(custom.getAll('compact')).toEqual(['0'])
    expect(custom.get('a b')).toBe('c&d')
  })

  it.each([
    ['http://t/announce?pk=%ff', 'http://t/announce?pk=%ff&info_hash='],
    ['http://t/announce?', 'http://t/announce?info_hash='],
    ['http://t/announce?a=1&', 'http://t/announce?a=1&info_hash='],
    ['http://t/announce#part', 'http://t/announce?info_hash='],
  ])('keeps the query of %s', (own, start) => {
    expect(announceUrl({ ...request, url: own }, identity).startsWith(start)).toBe(true)
  })
})

describe('scrapeUrl (the examples of BEP 48)', () => {
  it.each([
    ['http://example.com/announce', 'http://example.com/scrape?info_hash=A'],
    ['http://example.com/x/announce', 'http://example.com/x/scrape?info_hash=A'],
    ['http://example.com/announce.php', 'http://example.com/scrape.php?info_hash=A'],
    ['http://example.com/a', undefined],
    ['http://example.com/announce?x2%0644', 'http://example.com/scrape?x2%0644&info_hash=A'],
    ['http://example.com/announce?x=2/4', undefined],
    ['http://example.com/x%064announce', undefined],
  ])('%s', (announce, scrape) => expect(scrapeUrl(announce, [raw('A')])).toBe(scrape))

  it('asks for several at once', () => {
    expect(scrapeUrl('http://t/announce', [raw('A'), raw('\u0000')])).toBe('http://t/scrape?info_hash=A&info_hash=%00')
  })
})

describe('readAnnounce', () => {
  const read = (text: string) => readAnnounce(raw(text), url)

  it('takes every field', () => {
    const answer = read(
      'd8:completei3e11:external ip4:\u0005\u0006\u0007\u00088:intervali1800e10:incompletei4e12:min intervali60e' +
        '5:peers6:\u0001\u0002\u0003\u0004\u001A\u00E16:peers618:\u0020\u0001\u000D\u00B8\0\0\0\0\0\0\0\0\0\0\0\u0009\0\u0050' +
        '10:tracker id3:a\u00FFb15:warning message4:hmm.e',
    )
    expect(answer).toEqual({
      peers: [
        { kind: 'ip', host: '1.2.3.4', port: 6881 },
        { kind: 'ip', host: '2001:db8::9', port: 80 },
      ],
      intervalMs: 1_800_000,
      minIntervalMs: 60_000,
      seeders: 3,
      leechers: 4,
      warning: 'hmm.',
      trackerId: 'a\u00FFb',
      externalIp: '5.6.7.8',
    })
  })

  it('takes the list form, and leaves out what is no peer', () => {
    const peer = (ip: string, port: string): string => `d2:ip${ip.length}:${ip}4:port${port}e`
    const answer = read(
      `d5:peersl${peer('1.2.3.4', 'i5e')}${peer('2001:DB8::0', 'i6e')}${peer('a.example', 'i7e')}` +
        `${peer('1.2.3.5', 'i0e')}${peer('1.2.3.5', 'i70000e')}${peer('1.2.3.5', 'i-1e')}${peer('1.2.3.5', '1:5')}` +
        `i9ele1:xd2:ipi4e4:porti5eeee`,
    )
    expect(answer.peers).toEqual([
      { kind: 'ip', host: '1.2.3.4', port: 5 },
      { kind: 'ip', host: '2001:db8::', port: 6 },
    ])
  })

  it.each([
    'de',
    'd5:peersi1ee',
    'd5:peersdee',
    'd5:peers5:abcdee',
    'd8:intervali-1e12:min interval2:10e8:completele10:incompletei-3e11:external ip3:abc10:tracker idi5e15:warning messagei1ee',
    `d10:tracker id600:${'x'.repeat(600)}e`,
    'd14:failure reasoni1ee',
  ])('ignores what is mistyped: %s', (text) => expect(read(text)).toEqual({ peers: [] }))

  it('does not clamp the interval', () => {
    expect(read('d8:intervali1ee').intervalMs).toBe(1000)
    expect(read('d8:intervali99999999999ee').intervalMs).toBe(99_999_999_999_000)
  })

  it('takes at most 2,000 peers in all', () => {
    const four = '\u0001\u0002\u0003\u0004\u0000\u0005'.repeat(1500)
    const six = `${'\u0001'.repeat(16)}\u0000\u0005`.repeat(1500)
    expect(read(`d5:peers9000:${four}6:peers627000:${six}e`).peers.length).toBe(2000)
    const list = 'd2:ip7:1.2.3.44:porti5ee'.repeat(3000)
    expect(read(`d5:peersl${list}ee`).peers.length).toBe(2000)
  })

  it.each([
    ['d14:failure reason3:bad8:retry ini5ee', 300_000],
    ['d14:failure reason3:bad8:retry in5:nevere', Infinity],
    ['d14:failure reason3:bad8:retry in5:othere', undefined],
    ['d14:failure reason3:bad8:retry ini-5ee', undefined],
    ['d14:failure reason3:bade', undefined],
  ])('a refusal with its wish (BEP 31): %s', (text, retryInMs) => {
    expect(() => read(text)).toThrowError(expect.objectContaining({ code: 'TRACKER_FAILURE', retryInMs }))
  })

  it('a refusal says why, and no secret', () => {
    expect(() => read('d14:failure reason28:unknown key 0123456789abcdefe')).toThrow(
      'the tracker http://t.example.com/announce?passkey=*** refused: unknown key ***',
    )
  })

  it.each(['', 'le', 'i5e', '<html>', 'd', 'd5:peers99:', 'l'.repeat(1000), 'd5:peers-1:e'])('refuses %j', (text) => {
    expect(() => read(text)).toThrowError(expect.objectContaining({ code: 'TRACKER_INVALID' }))
  })
})

describe('readScrape', () => {
  const [a, b] = [raw('A'.repeat(20)), raw('\u00FE'.repeat(20))]
  const read = (text: string) => readScrape(raw(text), [a, b], url)

  it('answers what was asked, also for binary keys', () => {
    const text =
      `d5:filesd20:${'A'.repeat(20)}d8:completei1e10:downloadedi2e10:incompletei3ee` +
      `20:${'X'.repeat(20)}d8:completei9ee20:${'\u00FE'.repeat(20)}d8:complete1:xeee`
    expect(read(text)).toEqual([
      { infoHash: a, seeders: 1, leechers: 3, completed: 2 },
      { infoHash: b, seeders: 0, leechers: 0 },
    ])
  })

  it('leaves out what is unknown', () => expect(read('d5:filesdee')).toEqual([]))

  it.each(['de', 'd5:filesi1ee', 'd5:fileslee', 'x'])('refuses %s', (text) => {
    expect(() => read(text)).toThrowError(expect.objectContaining({ code: 'TRACKER_INVALID' }))
  })

  it('takes a refusal', () => {
    expect(() => read('d14:failure reason2:noe')).toThrowError(expect.objectContaining({ code: 'TRACKER_FAILURE' }))
  })
})

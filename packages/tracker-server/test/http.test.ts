import { type BencodeValue, decode, type Dict, readCompact, utf8 } from '@bitloom/core'
import { describe, expect, it } from 'vitest'
import { get, handClock, rawTcp, withTracker } from './support.js'

/** All byte values that a careless server mangles are in here. */
const hashBytes = [0, 0x25, 0x26, 0x2b, 0x3d, 0x7f, 0x80, 0xff, ...Array.from({ length: 12 }, (_, at) => at * 20)]
const infoHash = hashBytes.map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
const infoHashHex = Buffer.from(hashBytes).toString('hex')
const infoHashKey = String.fromCharCode(...hashBytes)
const peerId = (name: string): string => name.padEnd(20, '-')
const announcePath = (name: string, port: number, more = ''): string =>
  `/announce?info_hash=${infoHash}&peer_id=${peerId(name)}&port=${port}&uploaded=0&downloaded=0&left=5${more}`

function read(body: Uint8Array): Dict {
  const value = decode(body, { canonicalKeys: true })
  if (!(value instanceof Map)) throw new Error('the answer is no dictionary')
  return value
}
const failureOf = (body: Uint8Array): string => utf8(read(body).get('failure reason') as Uint8Array)
const endpointsOf = (body: Uint8Array): string[] => {
  const of = (key: string, family: 4 | 6): string[] =>
    readCompact((read(body).get(key) as Uint8Array | undefined) ?? new Uint8Array(0), family).map(
      ({ host, port }) => `${host} ${port}`,
    )
  return [...of('peers', 4), ...of('peers6', 6)].sort()
}
const plain = (value: BencodeValue | undefined): unknown => {
  if (value instanceof Uint8Array) return utf8(value)
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [key, plain(item)]))
  return Array.isArray(value) ? value.map(plain) : value
}

describe('HTTP announce', () => {
  it('lets two peers find each other', async () => {
    await withTracker({ intervalSeconds: 900 }, async ({ http }, tracker, events) => {
      const first = await get(http, announcePath('a', 1001, '&event=started'))
      expect(first.status).toBe(200)
      expect(endpointsOf(first.body)).toEqual([])
      const second = await get(http, announcePath('b', 1002, '&compact=1'))
      expect(endpointsOf(second.body)).toEqual(['127.0.0.1 1001'])
      const answer = read(second.body)
      expect([answer.get('interval'), answer.get('min interval')]).toEqual([900, 30])
      expect([answer.get('complete'), answer.get('incomplete')]).toEqual([0, 2])
      expect(answer.get('external ip')).toEqual(Uint8Array.of(127, 0, 0, 1))
      expect(tracker.stats).toEqual({ torrents: 1, peers: 2, announces: 2, scrapes: 0, refused: 0 })
      expect(events[0]).toEqual({
        type: 'announce',
        protocol: 'http',
        infoHash: infoHashHex,
        peer: { kind: 'ip', host: '127.0.0.1', port: 1001 },
        event: 'started',
        left: 5,
        peers: 0,
      })
    })
  })

  it('answers in the long form on request, with and without peer ids', async () => {
    await withTracker({}, async ({ http }) => {
      await get(http, announcePath('a', 1001))
      const long = await get(http, announcePath('b', 1002, '&compact=0'))
      expect(plain(read(long.body).get('peers'))).toEqual([{ ip: '127.0.0.1', port: 1001, 'peer id': peerId('a') }])
      const short = await get(http, announcePath('b', 1002, '&compact=0&no_peer_id=1'))
      expect(plain(read(short.body).get('peers'))).toEqual([{ ip: '127.0.0.1', port: 1001 }])
    })
  })

  it('serves both families by one port, and tells each of the other', async () => {
    await withTracker({ http: { port: 0 }, udp: false }, async ({ http }, tracker) => {
      expect(tracker.addresses[0]?.url).toBe(`http://127.0.0.1:${http}/announce`)
      const six = await get(http, announcePath('six', 1006), { host: '::1' })
      expect(read(six.body).get('external ip')).toEqual(new Uint8Array(16).with(15, 1))
      const four = await get(http, announcePath('four', 1004))
      expect(endpointsOf(four.body)).toEqual(['::1 1006'])
      expect(endpointsOf((await get(http, announcePath('other', 1007), { host: '::1' })).body)).toEqual([
        '127.0.0.1 1004',
        '::1 1006',
      ])
      const long = await get(http, announcePath('five', 1005, '&compact=0&no_peer_id=1&numwant=200'))
      expect(plain(read(long.body).get('peers'))).toContainEqual({ ip: '::1', port: 1006 })
    })
  })

  it('goes by the source address, not by what a request claims', async () => {
    await withTracker({}, async ({ http }) => {
      await get(http, announcePath('a', 1001, '&ip=8.8.8.8&ipv4=8.8.8.8:1&ipv6=%5B2001:db8::1%5D:1'))
      expect(endpointsOf((await get(http, announcePath('b', 1002))).body)).toEqual(['127.0.0.1 1001'])
    })
  })

  it('hands out no more than are wanted', async () => {
    await withTracker({}, async ({ http }) => {
      for (let port = 1; port <= 60; port++) await get(http, announcePath(`p${port}`, port))
      const asked = async (more: string): Promise<number> =>
        endpointsOf((await get(http, announcePath('x', 99, more))).body).length
      expect([await asked(''), await asked('&numwant=7'), await asked('&numwant=0')]).toEqual([50, 7, 0])
      expect([await asked('&numwant=-1'), await asked('&numwant=99999')]).toEqual([50, 60])
    })
  })

  it('forgets a peer that stopped or fell silent', async () => {
    const clock = handClock()
    await withTracker({ clock, intervalSeconds: 600 }, async ({ http }, tracker) => {
      await get(http, announcePath('a', 1001))
      await get(http, announcePath('b', 1002))
      expect(endpointsOf((await get(http, announcePath('b', 1002, '&event=stopped'))).body)).toEqual([])
      expect(tracker.stats.peers).toBe(1)
      clock.pass(1_199_000)
      expect(endpointsOf((await get(http, announcePath('c', 1003))).body)).toEqual(['127.0.0.1 1001'])
      clock.pass(60_000)
      expect(tracker.stats).toMatchObject({ torrents: 1, peers: 1 })
      clock.pass(1_200_000)
      expect(tracker.stats).toMatchObject({ torrents: 0, peers: 0 })
    })
  })

  it('takes a path above its name, for keys', async () => {
    await withTracker({}, async ({ http }) => {
      expect(read((await get(http, `/some/key${announcePath('a', 1)}`)).body).has('interval')).toBe(true)
    })
  })
})

describe('HTTP scrape', () => {
  it('counts seeds, downloaders and completions, and leaves out what it does not know', async () => {
    await withTracker({}, async ({ http }, tracker) => {
      await get(http, announcePath('a', 1001))
      await get(http, announcePath('b', 1002))
      await get(http, announcePath('b', 1002, '&event=completed').replace('left=5', 'left=0'))
      const { body } = await get(http, `/scrape?info_hash=${infoHash}&info_hash=${'x'.repeat(20)}`)
      const files = read(body).get('files') as Dict
      expect([...files.keys()]).toEqual([infoHashKey])
      expect(plain(files.get(infoHashKey))).toEqual({ complete: 1, downloaded: 1, incomplete: 1 })
      expect(tracker.stats.scrapes).toBe(1)
    })
  })
})

describe('an allow-list', () => {
  it.each([
    ['as a set', new Set([infoHashHex])],
    ['as a test', (hash: Uint8Array) => hash[7] === 0xff],
  ])('%s serves what it names and nothing else', async (_, allow) => {
    await withTracker({ allow }, async ({ http }, tracker) => {
      expect(read((await get(http, announcePath('a', 1001))).body).has('interval')).toBe(true)
      const other = announcePath('a', 1001).replace(infoHash, 'y'.repeat(20))
      const refused = await get(http, other)
      expect([refused.status, failureOf(refused.body)]).toEqual([200, 'this torrent is not served here'])
      const { body } = await get(http, `/scrape?info_hash=${'y'.repeat(20)}`)
      expect((read(body).get('files') as Dict).size).toBe(0)
      expect(tracker.stats).toMatchObject({ torrents: 1, refused: 1 })
    })
  })

  it('that throws refuses, and is reported', async () => {
    const allow = (): boolean => {
      throw new Error('no list')
    }
    await withTracker({ allow }, async ({ http }, _tracker, events) => {
      expect(failureOf((await get(http, announcePath('a', 1))).body)).toBe('the tracker failed')
      expect(events).toMatchObject([{ type: 'error', protocol: 'http' }])
    })
  })
})

describe('bad requests', () => {
  it.each([
    ['no parameters', '/announce', 'info_hash must be 20 bytes'],
    ['an empty query', '/announce?', 'info_hash must be 20 bytes'],
    ['a short hash', announcePath('a', 1).replace('%00', ''), 'info_hash must be 20 bytes'],
    ['a hash in hex', announcePath('a', 1).replace(infoHash, infoHashHex), 'info_hash must be 20 bytes'],
    ['a long peer id', announcePath('a'.repeat(21), 1), 'peer_id must be 20 bytes'],
    ['no port', announcePath('a', 1).replace('&port=1', ''), 'port must be a number from 0 to 65535'],
    ['a port too high', announcePath('a', 65_536), 'port must be a number from 0 to 65535'],
    ['a port in words', announcePath('a', NaN), 'port must be a number from 0 to 65535'],
    ['a negative left', announcePath('a', 1).replace('left=5', 'left=-1'), 'left must be a number of bytes'],
    ['a broken escape', announcePath('a', 1, '&x=%zz'), 'the query has a malformed percent escape'],
    ['a cut escape', announcePath('a', 1, '&x=%a'), 'the query has a malformed percent escape'],
    ['a scrape of everything', '/scrape', 'info_hash is missing: this tracker does not list all its torrents'],
    ['a scrape of half a hash', '/scrape?info_hash=abc', 'info_hash must be 20 bytes'],
    ['a scrape of too many', `/scrape?${'info_hash=x&'.repeat(75)}`, 'at most 74 torrents can be scraped at once'],
  ])('%s: a failure reason', async (_, path, reason) => {
    await withTracker({}, async ({ http }, tracker, events) => {
      const { status, body } = await get(http, path)
      expect([status, failureOf(body)]).toEqual([200, reason])
      expect(tracker.stats).toMatchObject({ peers: 0, refused: 1 })
      expect(events).toEqual([{ type: 'refused', protocol: 'http', from: '127.0.0.1', reason }])
    })
  })

  it('other paths, methods and long URLs: a status', async () => {
    await withTracker({}, async ({ http }) => {
      expect((await get(http, '/')).status).toBe(404)
      expect((await get(http, announcePath('a', 1), { method: 'POST' })).status).toBe(405)
      expect((await get(http, announcePath('a', 1, `&x=${'y'.repeat(8192)}`))).status).toBe(414)
      expect((await get(http, announcePath('a', 1, `&x=${'y'.repeat(20_000)}`))).status).toBe(431)
      expect((await get(http, announcePath('a', 1), { method: 'HEAD' })).body).toHaveLength(0)
      expect(await rawTcp(http, '\0\xff rubbish\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /)
    })
  })

  it('ignores repeated and unknown parameters, and an unknown event', async () => {
    await withTracker({}, async ({ http }, tracker) => {
      const { body } = await get(http, announcePath('a', 1, '&port=2&event=paused&__proto__=1&=&&&numwant=x'))
      expect(read(body).get('incomplete')).toBe(1)
      expect(tracker.stats.peers).toBe(1)
    })
  })

  it('cuts off those that never finish a request', async () => {
    await withTracker({ requestSeconds: 1 }, async ({ http }) => {
      const slow = await Promise.all([
        rawTcp(http, ''),
        rawTcp(http, 'GET /announce?info_'),
        rawTcp(http, 'GET / HTTP/1.1\r\nx: '),
      ])
      for (const text of slow) expect(text).toMatch(/^$|^HTTP\/1.1 408 /)
    })
  })
})

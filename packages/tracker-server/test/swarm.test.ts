import { ipEndpoint } from '@bitloom/core'
import { describe, expect, it } from 'vitest'
import { type Announce, type SwarmLimits, Swarms } from '../src/swarm.js'
import { seededRandom } from './support.js'

const limits: SwarmLimits = { expireAfterMs: 100, maxTorrents: 3, maxPeersPerTorrent: 50, maxPeers: 60 }
const make = (changes: Partial<SwarmLimits> = {}): Swarms => new Swarms({ ...limits, ...changes }, seededRandom(1))

/** An announce in short: "10.0.0.1:1 L started" = a downloader at that address; S = a seed. */
function announce(text: string, changes: Partial<Announce> = {}): Announce {
  const [address = '', side, event] = text.split(' ')
  const colon = address.lastIndexOf(':')
  const endpoint = ipEndpoint(address.slice(0, colon), Number(address.slice(colon + 1)))
  if (endpoint === undefined) throw new Error(`${address} is no address`)
  return {
    infoHash: 'torrent-one---------',
    peerId: `id ${address}`.padEnd(20),
    endpoint,
    event: event as Announce['event'],
    left: side === 'S' ? 0 : 5,
    numWant: 50,
    families: 'both',
    ...changes,
  }
}

/** What a series of announces at time 0 leaves, as the last one is told: "1/2/0 10.0.0.1:1 …" (seeds/leechers/completed). */
function told(series: readonly string[], changes: Partial<Announce> = {}): string {
  const swarms = make()
  const outcomes = series.map((text, index) =>
    swarms.announce(announce(text, index === series.length - 1 ? changes : {}), 0),
  )
  const last = outcomes.at(-1)
  if (last === undefined) return 'refused'
  const peers = last.peers.map(({ endpoint }) => `${endpoint.host}:${endpoint.port}`).sort()
  return [`${last.seeds}/${last.leechers}/${last.completed}`, ...peers].join(' ')
}

describe('an announce', () => {
  it.each<[string, string[], string, Partial<Announce>?]>([
    ['of the first knows nobody', ['10.0.0.1:1 L started'], '0/1/0'],
    [
      'of a downloader gets downloaders and seeds',
      ['10.0.0.1:1 L', '10.0.0.2:1 S', '10.0.0.3:1 L'],
      '1/2/0 10.0.0.1:1 10.0.0.2:1',
    ],
    ['of a seed gets no seeds', ['10.0.0.1:1 L', '10.0.0.2:1 S', '10.0.0.3:1 S'], '2/1/0 10.0.0.1:1'],
    [
      'of a seed that starts gets seeds: it may be a magnet link',
      ['10.0.0.2:1 S', '10.0.0.3:1 S started'],
      '2/0/0 10.0.0.2:1',
    ],
    [
      'never gets the asker at another address',
      ['10.0.0.1:1 L', '10.0.0.2:1 L'],
      '0/2/0',
      { peerId: 'id 10.0.0.1:1'.padEnd(20) },
    ],
    ['repeated counts once', ['10.0.0.1:1 L', '10.0.0.1:1 L'], '0/1/0'],
    ['from another port is another peer', ['127.0.0.1:1 L', '127.0.0.1:2 L'], '0/2/0 127.0.0.1:1'],
    ['with completed moves to the seeds and counts', ['10.0.0.1:1 L', '10.0.0.1:1 S completed'], '1/0/1'],
    [
      'with completed twice counts once',
      ['10.0.0.1:1 L', '10.0.0.1:1 S completed', '10.0.0.1:1 S', '10.0.0.1:1 S completed'],
      '1/0/1',
    ],
    ['of a seed from the start does not count as completed', ['10.0.0.1:1 S started'], '1/0/0'],
    ['with stopped is forgotten and told nothing', ['10.0.0.1:1 L', '10.0.0.2:1 L', '10.0.0.1:1 L stopped'], '0/1/0'],
    ['with stopped of a stranger changes nothing', ['10.0.0.1:1 L', '10.0.0.2:1 L stopped'], '0/1/0'],
    ['without left is a downloader', ['10.0.0.1:1 L'], '0/1/0', { left: undefined }],
    ['with port 0 is answered and not listed', ['10.0.0.1:1 L', '10.0.0.2:0 L'], '0/1/0 10.0.0.1:1'],
    ['wants no peers', ['10.0.0.1:1 L', '10.0.0.2:1 L'], '0/2/0', { numWant: 0 }],
    ['gets IPv6 beside IPv4', ['2001:db8::1:1 L', '10.0.0.1:1 L', '10.0.0.2:1 L'], '0/3/0 10.0.0.1:1 2001:db8::1:1'],
    [
      'gets one family where it asks for one',
      ['2001:db8::1:1 L', '10.0.0.1:1 L', '10.0.0.2:1 L'],
      '0/3/0 10.0.0.1:1',
      { families: 4 },
    ],
    [
      'gets the other family likewise',
      ['2001:db8::1:1 L', '10.0.0.1:1 L', '10.0.0.2:1 L'],
      '0/3/0 2001:db8::1:1',
      { families: 6 },
    ],
  ])('%s', (_, series, expected, changes = {}) => {
    expect(told(series, changes)).toBe(expected)
  })

  it('gets a fair random choice, without repetition', () => {
    const swarms = make()
    for (let last = 1; last <= 20; last++) swarms.announce(announce(`10.0.0.${last}:1 ${last > 10 ? 'S' : 'L'}`), 0)
    const seen = new Map<string, number>()
    for (let round = 0; round < 1000; round++) {
      const outcome = swarms.announce(announce('10.0.1.1:1 L', { numWant: 5 }), 0)
      const hosts = (outcome?.peers ?? []).map(({ endpoint }) => endpoint.host)
      expect(new Set(hosts).size).toBe(hosts.length)
      for (const host of hosts) seen.set(host, (seen.get(host) ?? 0) + 1)
    }
    // 5 of 21, the asker among them: each of the other 20 is expected 1000 * 5 / 21 = 238 times.
    expect(seen.size).toBe(20)
    for (const times of seen.values()) expect(Math.abs(times - 238)).toBeLessThan(70)
  })

  it('keeps its books through many random changes', () => {
    const random = seededRandom(7)
    const swarms = make({ maxPeersPerTorrent: 1000, maxPeers: 1000 })
    const sides = new Map<string, string>()
    for (let step = 0; step < 3000; step++) {
      const address = `10.0.0.${random.below(40)}:1`
      const side = random.below(2) === 0 ? 'S' : 'L'
      const stops = random.below(4) === 0
      const outcome = swarms.announce(announce(`${address} ${side}${stops ? ' stopped' : ''}`, { numWant: 3 }), 0)
      if (stops) sides.delete(address)
      else sides.set(address, side)
      const seeds = [...sides.values()].filter((it) => it === 'S').length
      expect(outcome).toMatchObject({ seeds, leechers: sides.size - seeds })
      expect(swarms.peers).toBe(sides.size)
    }
  })
})

describe('bounds', () => {
  it('forgets a peer after its time, and an empty torrent with the next sweep', () => {
    const swarms = make()
    swarms.announce(announce('10.0.0.1:1 L'), 0)
    swarms.announce(announce('10.0.0.2:1 L'), 60)
    expect(swarms.scrape('torrent-one---------', 99)).toMatchObject({ leechers: 2 })
    expect(swarms.scrape('torrent-one---------', 100)).toMatchObject({ leechers: 1 })
    expect(swarms.announce(announce('10.0.0.3:1 L'), 159)?.peers).toHaveLength(1)
    swarms.expire(258)
    expect([swarms.torrents, swarms.peers]).toEqual([1, 1])
    swarms.expire(259)
    expect([swarms.torrents, swarms.peers]).toEqual([0, 0])
    expect(swarms.scrape('torrent-one---------', 259)).toBeUndefined()
  })

  it('keeps a peer that goes on announcing', () => {
    const swarms = make()
    for (let atMs = 0; atMs <= 500; atMs += 90) swarms.announce(announce('10.0.0.1:1 L'), atMs)
    swarms.expire(540)
    expect(swarms.peers).toBe(1)
  })

  it('refuses a torrent too many until one is forgotten', () => {
    const swarms = make()
    const of = (infoHash: string): Announce => announce('10.0.0.1:1 L', { infoHash })
    for (const hash of ['a', 'b', 'c']) expect(swarms.announce(of(hash), 0)).toBeDefined()
    expect(swarms.announce(of('d'), 50)).toBeUndefined()
    expect(swarms.announce(of('a'), 50)).toBeDefined()
    expect(swarms.announce(of('d'), 100)).toBeDefined()
    expect(swarms.torrents).toBe(2)
  })

  it('answers a newcomer to a full torrent without remembering it', () => {
    const swarms = make({ maxPeersPerTorrent: 2 })
    for (const last of [1, 2, 3]) swarms.announce(announce(`10.0.0.${last}:1 L`), 0)
    const outcome = swarms.announce(announce('10.0.0.4:1 L'), 0)
    expect(outcome?.leechers).toBe(2)
    expect(outcome?.peers.map(({ endpoint }) => endpoint.host).sort()).toEqual(['10.0.0.1', '10.0.0.2'])
    expect(swarms.announce(announce('10.0.0.1:1 S'), 0)).toMatchObject({ seeds: 1, leechers: 1 })
  })

  it('bounds the peers of all torrents together', () => {
    const swarms = make({ maxPeers: 5 })
    for (let last = 1; last <= 9; last++) {
      swarms.announce(announce(`10.0.0.${last}:1 L`, { infoHash: last % 2 === 0 ? 'a' : 'b' }), 0)
    }
    expect(swarms.peers).toBe(5)
  })
})

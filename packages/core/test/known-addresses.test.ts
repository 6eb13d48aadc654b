import { describe, expect, it } from 'vitest'
import { type Endpoint, formatEndpoint, readCompact } from '../src/ports/endpoint.js'
import { BanList } from '../src/torrent/ban-list.js'
import { KnownAddresses } from '../src/torrent/known-addresses.js'

const ip = (host: string, port = 6881): Endpoint => ({ kind: 'ip', host, port })
const numbered = (n: number): Endpoint => ip(`10.0.${n >> 8}.${n & 255}`)
const own = ip('10.9.9.9')
const isOwn = (endpoint: Endpoint): boolean => formatEndpoint(endpoint) === formatEndpoint(own)
const minute = 60_000

function book(endpoints: readonly Endpoint[], limit = 2_000): KnownAddresses {
  const addresses = new KnownAddresses(limit, isOwn)
  for (const endpoint of endpoints) addresses.add(endpoint, 'tracker', 0)
  return addresses
}

/** A dial that came to nothing. */
function fail(addresses: KnownAddresses, endpoint: Endpoint, nowMs: number): void {
  addresses.dialling(endpoint)
  addresses.failed(endpoint, nowMs)
}

/** Dials all that is offered now, in order. */
function dialAll(addresses: KnownAddresses, nowMs: number): string[] {
  const dialled: string[] = []
  for (let next = addresses.next(nowMs); next !== undefined; next = addresses.next(nowMs)) {
    dialled.push(formatEndpoint(next))
    addresses.dialling(next)
  }
  return dialled
}

describe('what the address book takes in', () => {
  it.each([
    ['our own address', own],
    ['port 0', ip('10.0.0.1', 0)],
    ['a port beyond 16 bits', ip('10.0.0.1', 65_536)],
    ['multicast', ip('239.1.2.3')],
    ['IPv6 multicast', ip('ff02::1')],
    ['broadcast', ip('255.255.255.255')],
    ['unspecified', ip('0.0.0.0')],
    ['IPv6 unspecified', ip('::')],
    ['a name', ip('peer.example')],
    ['a URL without a scheme', { kind: 'url', url: '//10.0.0.1/x' } as const],
  ])('refuses %s from every source', (_, endpoint) => {
    const addresses = book([])
    for (const source of ['tracker', 'pex', 'incoming', 'user'])
      expect(addresses.add(endpoint, source, 0)).toBe('refused')
    expect(addresses.size).toBe(0)
    expect(addresses.next(0)).toBeUndefined()
  })

  it('refuses them as they come from a tracker too', () => {
    const hostile = readCompact(
      Uint8Array.of(255, 255, 255, 255, 1, 1, 224, 0, 0, 1, 1, 1, 0, 0, 0, 0, 1, 1, 10, 9, 9, 9, 26, 225),
      4,
    )
    expect(hostile.map((endpoint) => book([]).add(endpoint, 'tracker', 0))).toEqual(Array(4).fill('refused'))
  })

  it.each([
    ['loopback', ip('127.0.0.2')],
    ['IPv6', ip('2001:db8::1')],
    ['a web seed', { kind: 'url', url: 'http://seed.example/file' } as const],
  ])('takes %s, once', (_, endpoint) => {
    const addresses = book([])
    expect(addresses.add(endpoint, 'tracker', 0)).toBe('added')
    expect(addresses.add(endpoint, 'pex', 0)).toBe('known')
    expect(addresses.size).toBe(1)
    expect(addresses.next(0)).toEqual(endpoint)
  })
})

describe('what the address book offers', () => {
  it('goes by: given by the user, fewer failures, longest untried', () => {
    const [a, b, c, d, e] = [1, 2, 3, 4, 5].map(numbered) as [Endpoint, Endpoint, Endpoint, Endpoint, Endpoint]
    const addresses = book([a, b, c])
    for (const [endpoint, atMs] of [
      [a, 1_000],
      [a, 1_000],
      [b, 3_000],
      [c, 2_000],
    ] as const) {
      fail(addresses, endpoint, atMs)
    }
    addresses.add(e, 'tracker', 3_000)
    addresses.add(d, 'user', 3_000)
    expect(dialAll(addresses, minute)).toEqual([d, e, c, b, a].map(formatEndpoint))
  })

  it('offers the same until it is dialled, and nothing that is dialled or connected', () => {
    const addresses = book([numbered(1), numbered(2)])
    expect(addresses.next(0)).toEqual(numbered(1))
    expect(addresses.next(0)).toEqual(numbered(1))
    addresses.dialling(numbered(1))
    addresses.connected(numbered(1), 0)
    // This one came to us by itself.
    addresses.connected(numbered(2), 0)
    // The slower one of two connections to one address is refused, while the other stays.
    addresses.failed(numbered(2), 0)
    expect(addresses.next(1e9)).toBeUndefined()
    expect(addresses.nextDeadlineMs(0)).toBe(Infinity)
  })

  it('waits twice as long after each failure, an hour at most', () => {
    const addresses = book([numbered(1)])
    const waits: number[] = []
    let nowMs = 0
    for (let attempt = 0; attempt < 11; attempt++) {
      fail(addresses, numbered(1), nowMs)
      const atMs = addresses.nextDeadlineMs(nowMs)
      expect(addresses.next(atMs - 1)).toBeUndefined()
      expect(addresses.next(atMs)).toEqual(numbered(1))
      waits.push((atMs - nowMs) / 1_000)
      nowMs = atMs
    }
    expect(waits).toEqual([10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 3_600, 3_600])
  })

  it('tries what the user gave every two minutes at least, for ever', () => {
    const addresses = new KnownAddresses(10, isOwn)
    addresses.add(numbered(1), 'user', 0)
    let nowMs = 0
    for (let attempt = 0; attempt < 50; attempt++) {
      expect(addresses.next(nowMs)).toEqual(numbered(1))
      fail(addresses, numbered(1), nowMs)
      nowMs += 2 * minute
    }
  })

  it('makes an address due at once that the user names again', () => {
    const addresses = book([numbered(1)])
    fail(addresses, numbered(1), 0)
    expect(addresses.add(numbered(1), 'pex', 1)).toBe('known')
    expect(addresses.next(1)).toBeUndefined()
    expect(addresses.add(numbered(1), 'user', 1)).toBe('known')
    expect(addresses.next(1)).toEqual(numbered(1))
  })

  it('forgives failures after a good connection, not after a short one', () => {
    const waits = (connectedMs: number): number[] => {
      const addresses = book([numbered(1)])
      for (let at = 0; at < 3; at++) fail(addresses, numbered(1), 0)
      addresses.dialling(numbered(1))
      addresses.connected(numbered(1), 0)
      addresses.disconnected(numbered(1), connectedMs, 'lost')
      const first = addresses.nextDeadlineMs(connectedMs) - connectedMs
      fail(addresses, numbered(1), connectedMs)
      return [first, addresses.nextDeadlineMs(connectedMs) - connectedMs]
    }
    expect(waits(5 * minute)).toEqual([10_000, 10_000])
    expect(waits(1_000)).toEqual([80_000, 160_000])
  })

  it('offers at once whom both sides were done with, and forgets no failure for it', () => {
    const addresses = book([numbered(1)])
    for (let at = 0; at < 3; at++) fail(addresses, numbered(1), 0)
    addresses.dialling(numbered(1))
    addresses.connected(numbered(1), 0)
    addresses.disconnected(numbered(1), 1_000, 'let-go')
    expect(addresses.next(1_000)).toEqual(numbered(1))
    fail(addresses, numbered(1), 1_000)
    expect(addresses.nextDeadlineMs(1_000)).toBe(81_000)
  })

  it('leaves those not worth a retry alone for an hour', () => {
    const addresses = book([numbered(1)])
    addresses.dialling(numbered(1))
    addresses.disconnected(numbered(1), 0, 'ourselves')
    // The dialler hears of the refusal too; that does not make it sooner.
    addresses.failed(numbered(1), 0)
    expect(addresses.nextDeadlineMs(0)).toBe(60 * minute)
  })

  it('leaves known seeds out for a seed, and offers them to others', () => {
    const addresses = book([numbered(1), numbered(2)])
    addresses.markSeed(numbered(1), true)
    expect(addresses.next(0, false)).toEqual(numbered(2))
    expect(addresses.next(0)).toEqual(numbered(1))
    addresses.markSeed(numbered(2), true)
    expect(addresses.next(0, false)).toBeUndefined()
    expect(addresses.nextDeadlineMs(0, false)).toBe(Infinity)
    addresses.markSeed(numbered(1), false)
    expect(addresses.next(0, false)).toEqual(numbered(1))
  })

  it('does not offer banned hosts', () => {
    const bans = new BanList()
    const addresses = new KnownAddresses(10, isOwn, (host, nowMs) => bans.isBanned(host, nowMs))
    for (const n of [1, 2]) addresses.add(numbered(n), 'tracker', 0)
    bans.ban('10.0.0.1', 10 * minute)
    expect(dialAll(addresses, 0)).toEqual(['10.0.0.2:6881'])
    expect(addresses.next(9 * minute)).toBeUndefined()
    expect(addresses.next(11 * minute)).toEqual(numbered(1))
  })

  it('ignores news of addresses that are not in it', () => {
    const addresses = book([])
    addresses.dialling(numbered(1))
    addresses.connected(numbered(1), 0)
    addresses.failed(numbered(1), 0)
    addresses.disconnected(numbered(1), 0, 'lost')
    addresses.markSeed(numbered(1), true)
    expect(addresses.size).toBe(0)
  })
})

describe('a full address book', () => {
  it('drops the one with the most failures for a new one', () => {
    const addresses = book([1, 2, 3].map(numbered), 3)
    fail(addresses, numbered(2), 0)
    fail(addresses, numbered(3), 0)
    fail(addresses, numbered(3), 0)
    expect(addresses.add(numbered(4), 'pex', 0)).toBe('added')
    expect(addresses.add(numbered(3), 'pex', 0)).toBe('added')
    expect(addresses.add(numbered(5), 'pex', 0)).toBe('full')
    expect(addresses.size).toBe(3)
    expect(dialAll(addresses, minute)).toEqual([1, 4, 3].map((n) => formatEndpoint(numbered(n))))
  })

  it('keeps what never failed, what is in use and what the user gave', () => {
    const addresses = new KnownAddresses(3, isOwn)
    addresses.add(numbered(1), 'user', 0)
    fail(addresses, numbered(1), 0)
    addresses.add(numbered(2), 'pex', 0)
    fail(addresses, numbered(2), 0)
    addresses.dialling(numbered(2))
    addresses.add(numbered(3), 'pex', 0)
    expect(addresses.add(numbered(4), 'pex', 0)).toBe('full')
    expect(addresses.add(numbered(4), 'user', 0)).toBe('added')
    expect(addresses.add(numbered(5), 'user', 0)).toBe('full')
    expect(dialAll(addresses, minute)).toEqual(['10.0.0.4:6881', '10.0.0.1:6881'])
  })

  it('drops again after a later failure', () => {
    const addresses = book([numbered(1)], 1)
    expect(addresses.add(numbered(2), 'pex', 0)).toBe('full')
    fail(addresses, numbered(1), 0)
    expect(addresses.add(numbered(2), 'pex', 0)).toBe('added')
  })

  it('stays within its limit under a flood, and still offers the first ones', () => {
    const addresses = book(Array.from({ length: 50_000 }, (_, n) => numbered(n)))
    expect(addresses.size).toBe(2_000)
    expect(dialAll(addresses, 0)).toEqual(Array.from({ length: 2_000 }, (_, n) => formatEndpoint(numbered(n))))
  })
})

describe('BanList', () => {
  it('bans a host until its time is over, in any spelling', () => {
    const bans = new BanList()
    bans.ban('2001:DB8:0::1', 100)
    expect(bans.isBanned('2001:db8::1', 99)).toBe(true)
    expect(bans.isBanned('2001:db8::2', 99)).toBe(false)
    expect(bans.isBanned('2001:db8::1', 100)).toBe(false)
    expect(bans.size).toBe(0)
    bans.ban('::ffff:10.0.0.1', 100)
    expect(bans.isBanned('10.0.0.1', 0)).toBe(true)
  })

  it('does not cut a longer ban short, and can lift one', () => {
    const bans = new BanList()
    bans.ban('10.0.0.1', 100)
    bans.ban('10.0.0.1', 50)
    expect(bans.isBanned('10.0.0.1', 99)).toBe(true)
    expect(bans.lift('10.0.0.1')).toBe(true)
    expect(bans.isBanned('10.0.0.1', 99)).toBe(false)
    expect(bans.lift('10.0.0.1')).toBe(false)
  })

  it('is bounded: the ban that ends first makes room', () => {
    const bans = new BanList(2)
    bans.ban('10.0.0.1', 100)
    bans.ban('10.0.0.2', 50)
    bans.ban('10.0.0.3', 70)
    expect(['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((host) => bans.isBanned(host, 0))).toEqual([true, false, true])
  })
})

import { readCompact, utf8 } from '@bitloom/core'
import { describe, expect, it } from 'vitest'
import { handClock, seededRandom, type UdpClient, withTracker, withUdp } from './support.js'

const ids = { torrent: 'torrent-one---------', other: 'torrent-two---------' }
const transaction = 0xdeadbeef

/** A request of BEP 15 as it is on the wire. */
function packet(id: bigint | Uint8Array, action: number, rest: Uint8Array = new Uint8Array(0)): Uint8Array {
  const bytes = new Uint8Array(16 + rest.length)
  const view = new DataView(bytes.buffer)
  if (typeof id === 'bigint') view.setBigUint64(0, id)
  else bytes.set(id)
  view.setUint32(8, action)
  view.setUint32(12, transaction)
  bytes.set(rest, 16)
  return bytes
}

interface Fields {
  readonly infoHash?: string
  readonly name?: string
  readonly left?: bigint
  readonly event?: number
  readonly numWant?: number
  readonly port?: number
  readonly ip?: number
  readonly tail?: number
}

function announcePacket(id: Uint8Array, fields: Fields): Uint8Array {
  const { infoHash = ids.torrent, name = 'me', left = 5n, event = 0, numWant = -1, port = 1, ip = 0, tail = 0 } = fields
  const rest = new Uint8Array(82 + tail)
  const view = new DataView(rest.buffer)
  rest.set(new TextEncoder().encode(infoHash), 0)
  rest.set(new TextEncoder().encode(name.padEnd(20, '-')), 20)
  view.setBigUint64(48, left)
  view.setUint32(64, event)
  view.setUint32(68, ip)
  view.setInt32(76, numWant)
  view.setUint16(80, port)
  return packet(id, 1, rest)
}

const connectPacket = packet(0x41727101980n, 0)
const connect = async (client: UdpClient): Promise<Uint8Array> => (await client.ask(connectPacket)).slice(8)
const words = (bytes: Uint8Array): number[] => {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, at) => view.getUint32(at * 4))
}
const peersOf = (answer: Uint8Array, family: 4 | 6 = 4): string[] =>
  readCompact(answer.subarray(20), family).map(({ host, port }) => `${host} ${port}`)
const errorOf = (answer: Uint8Array): string => {
  expect(words(answer).slice(0, 2)).toEqual([3, transaction])
  return utf8(answer.subarray(8))
}

describe('UDP tracker', () => {
  it('connects, announces and scrapes', async () => {
    await withTracker({ intervalSeconds: 900 }, async ({ udp }, tracker, events) => {
      await withUdp(udp, async (client) => {
        const connected = await client.ask(connectPacket)
        expect([connected.length, ...words(connected).slice(0, 2)]).toEqual([16, 0, transaction])
        const id = connected.slice(8)
        const first = await client.ask(announcePacket(id, { name: 'a', port: 1001, event: 2 }))
        expect(words(first)).toEqual([1, transaction, 900, 1, 0])
        const second = await client.ask(announcePacket(id, { name: 'b', port: 1002, left: 0n, event: 1, tail: 9 }))
        expect(words(second).slice(0, 5)).toEqual([1, transaction, 900, 1, 1])
        expect(peersOf(second)).toEqual(['127.0.0.1 1001'])
        const hashes = new TextEncoder().encode(ids.other + ids.torrent)
        const scraped = await client.ask(packet(id, 2, hashes))
        expect(words(scraped)).toEqual([2, transaction, 0, 0, 0, 1, 1, 1])
        await client.ask(announcePacket(id, { name: 'a', port: 1001, event: 3 }))
        expect(words(await client.ask(packet(id, 2, hashes))).slice(5)).toEqual([1, 1, 0])
        expect(tracker.stats).toEqual({ torrents: 1, peers: 1, announces: 3, scrapes: 2, refused: 0 })
        expect(events.map((event) => event.type)).toEqual(['announce', 'announce', 'scrape', 'announce', 'scrape'])
      })
    })
  })

  it('speaks IPv6 with 18 bytes a peer, and keeps the families apart', async () => {
    await withTracker({ udp: { port: 0 }, http: false }, async ({ udp }) => {
      await withUdp(udp, async (client) => {
        await client.ask(announcePacket(await connect(client), { name: 'four', port: 1004 }))
      })
      await withUdp(
        udp,
        async (client) => {
          const id = await connect(client)
          await client.ask(announcePacket(id, { name: 'six', port: 1006 }))
          const answer = await client.ask(announcePacket(id, { name: 'seven', port: 1007 }))
          expect(words(answer).slice(3, 5)).toEqual([3, 0])
          expect(peersOf(answer, 6)).toEqual(['::1 1006'])
        },
        '::1',
      )
      await withUdp(udp, async (client) => {
        expect(peersOf(await client.ask(announcePacket(await connect(client), { name: 'x' })))).toEqual([
          '127.0.0.1 1004',
        ])
      })
    })
  })

  it('shares its swarms with HTTP and goes by the source address', async () => {
    await withTracker({ host: '127.0.0.1' }, async ({ udp }, tracker) => {
      await withUdp(udp, async (client) => {
        const id = await connect(client)
        await client.ask(announcePacket(id, { name: 'a', port: 1001, ip: 0x08080808 }))
        expect(peersOf(await client.ask(announcePacket(id, { name: 'b', port: 1002 })))).toEqual(['127.0.0.1 1001'])
        expect(tracker.stats.torrents).toBe(1)
      })
    })
  })

  it('keeps an answer within one packet', async () => {
    await withTracker({}, async ({ udp }) => {
      await withUdp(udp, async (client) => {
        const id = await connect(client)
        for (let port = 1; port <= 250; port++)
          await client.ask(announcePacket(id, { name: `p${port}`, port, numWant: 0 }))
        const asked = async (numWant: number): Promise<number> =>
          peersOf(await client.ask(announcePacket(id, { name: 'x', port: 999, numWant }))).length
        expect([await asked(-1), await asked(3), await asked(100_000)]).toEqual([50, 3, 200])
      })
    })
  })

  it('refuses torrents that are not allowed', async () => {
    const allow = new Set([Buffer.from(ids.torrent).toString('hex')])
    await withTracker({ allow }, async ({ udp }) => {
      await withUdp(udp, async (client) => {
        const id = await connect(client)
        expect(errorOf(await client.ask(announcePacket(id, { infoHash: ids.other })))).toBe(
          'this torrent is not served here',
        )
        expect(words(await client.ask(announcePacket(id, {})))[0]).toBe(1)
      })
    })
  })
})

describe('connection ids', () => {
  it('last one minute at least and two at most', async () => {
    const clock = handClock()
    await withTracker({ clock }, async ({ udp }) => {
      await withUdp(udp, async (client) => {
        clock.pass(59_999)
        const id = await connect(client)
        clock.pass(60_000)
        expect(words(await client.ask(announcePacket(id, {})))[0]).toBe(1)
        clock.pass(1)
        expect(errorOf(await client.ask(announcePacket(id, {})))).toBe('connection id expired')
      })
    })
  })

  it('belong to an address and a tracker', async () => {
    let id: Uint8Array = new Uint8Array(8)
    await withTracker({ host: '127.0.0.1' }, async ({ udp }) => {
      await withUdp(udp, async (client) => void (id = await connect(client)))
      await withUdp(
        udp,
        async (client) => expect(errorOf(await client.ask(announcePacket(id, {})))).toBe('connection id expired'),
        '127.0.0.2',
      )
    })
    await withTracker({ random: seededRandom(2) }, async ({ udp }) => {
      await withUdp(udp, async (client) => {
        expect(errorOf(await client.ask(announcePacket(id, {})))).toBe('connection id expired')
      })
    })
  })

  it('without one no answer is longer than its question, and nothing is remembered', async () => {
    await withTracker({}, async ({ udp }, tracker) => {
      await withUdp(udp, async (client) => {
        const hashes = new TextEncoder().encode(ids.torrent.repeat(74))
        for (const question of [connectPacket, packet(1n, 2, hashes), announcePacket(new Uint8Array(8), {})]) {
          expect((await client.ask(question)).length).toBeLessThanOrEqual(question.length)
        }
        expect(tracker.stats).toMatchObject({ peers: 0, announces: 0, scrapes: 0, refused: 2 })
      })
    })
  })
})

describe('rubbish', () => {
  it('gets no answer and does no harm', async () => {
    await withTracker({}, async ({ udp }, tracker, events) => {
      await withUdp(udp, async (client) => {
        const random = seededRandom(3)
        const id = await connect(client)
        const rubbish = [
          ...Array.from({ length: 500 }, () => random.bytes(random.below(200))),
          packet(0x41727101981n, 0),
          connectPacket.subarray(0, 15),
          announcePacket(id, {}).subarray(0, 97),
          packet(id, 2),
          packet(id, 3),
          packet(id, 2, new Uint8Array(19)),
        ]
        // Loopback keeps the order, so an answer to rubbish would come before the one to the question after it.
        for (const bytes of rubbish) {
          await client.send(bytes)
          expect(words(await client.ask(connectPacket)).slice(0, 2)).toEqual([0, transaction])
        }
        expect(client.received).toEqual([])
        expect(tracker.stats).toMatchObject({ torrents: 0, announces: 0, scrapes: 0 })
        expect(events.filter((event) => event.type === 'error')).toEqual([])
      })
    })
  })

  it('in the fields of a request is taken as well as can be', async () => {
    await withTracker({}, async ({ udp }) => {
      await withUdp(udp, async (client) => {
        const id = await connect(client)
        const odd = announcePacket(id, { left: 2n ** 64n - 1n, event: 77, numWant: -(2 ** 31), port: 0 })
        expect(words(await client.ask(odd)).slice(0, 5)).toEqual([1, transaction, 1800, 0, 0])
      })
    })
  })
})

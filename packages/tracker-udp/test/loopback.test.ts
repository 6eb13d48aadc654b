import { type Socket, createSocket } from 'node:dgram'
import { describe, expect, it } from 'vitest'
import type { TrackerClient } from '@bitloom/core'
import { systemClock, systemDatagram, systemRandom, systemResolver } from '@bitloom/core/node'
import { udpTracker } from '../src/udp-tracker.js'
import { type Answer, goodTracker, identity, request } from './fakes.js'

/** Plays `answer` on a real socket. */
async function serve(
  type: 'udp4' | 'udp6',
  answer: Answer,
): Promise<{ readonly socket: Socket; readonly url: string }> {
  const socket = createSocket({ type, ipv6Only: type === 'udp6' })
  const isIpv6 = type === 'udp6'
  socket.on('message', (message, from) => {
    const bytes = new Uint8Array(message)
    const view = new DataView(bytes.buffer)
    const packet = {
      atMs: 0,
      to: isIpv6 ? '[::1]:0' : '127.0.0.1:0',
      bytes,
      connectionId: view.getBigUint64(0),
      action: view.getUint32(8),
      transactionId: view.getUint32(12),
    }
    for (const reply of answer(packet)) socket.send(reply.bytes, from.port, from.address)
  })
  await new Promise<void>((resolve) => socket.bind(0, isIpv6 ? '::1' : '127.0.0.1', resolve))
  return { socket, url: `udp://${isIpv6 ? '[::1]' : '127.0.0.1'}:${socket.address().port}/announce` }
}

describe('real sockets on loopback', () => {
  it.each([
    ['udp4', '1.2.3.4'],
    ['udp6', '101:101:101:101:101:101:101:101'],
  ] as const)('%s', async (type, host) => {
    const { socket, url } = await serve(type, goodTracker())
    const tracker = udpTracker(
      { datagram: systemDatagram(), resolver: systemResolver(), clock: systemClock(), random: systemRandom() },
      {},
    )
    const client: TrackerClient = tracker
    const { signal } = new AbortController()
    expect(await client.announce({ ...request, url }, identity, signal)).toEqual({
      peers: [{ kind: 'ip', host, port: 5 }],
      intervalMs: 1_800_000,
      leechers: 7,
      seeders: 8,
    })
    const infoHash = identity.infoHash
    expect(await client.scrape?.(url, [infoHash], signal)).toEqual([
      { infoHash, seeders: 0, completed: 100, leechers: 200 },
    ])
    await tracker.close()
    await new Promise<void>((resolve) => socket.close(() => resolve()))
  })
})

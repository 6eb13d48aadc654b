import { once } from 'node:events'
import { createServer } from 'node:net'
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { createTracker, parseAllowList, type TrackerOptions } from '../src/index.js'
import { get, handClock } from './support.js'

const local = { host: '127.0.0.1', port: 0 } as const

describe('createTracker', () => {
  it('names its addresses, HTTP first', async () => {
    await using tracker = await createTracker({ http: local, udp: { host: 'localhost', port: 0 } })
    const [http, udp] = tracker.addresses
    expect(http).toMatchObject({
      protocol: 'http',
      at: { host: '127.0.0.1' },
      url: `http://127.0.0.1:${http?.at.port}/announce`,
    })
    expect(udp?.url).toMatch(/^udp:\/\/(127\.0\.0\.1|\[::1\]):\d+\/announce$/)
  })

  it('names the address that is taken and leaves nothing open', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    const takenUdp = createSocket('udp4').bind(0, '127.0.0.1')
    await Promise.all([once(taken, 'listening'), once(takenUdp, 'listening')])
    const { port } = taken.address() as { port: number }
    const { port: portUdp } = takenUdp.address()
    await expect(createTracker({ http: { host: '127.0.0.1', port }, udp: false })).rejects.toMatchObject({
      code: 'ADDRESS_IN_USE',
      message: `The address 127.0.0.1:${port} (http) is taken by another program.`,
    })
    const free = createServer().listen(0, '127.0.0.1')
    await once(free, 'listening')
    const { port: freePort } = free.address() as { port: number }
    await new Promise((resolve) => free.close(resolve))
    const half = { http: { host: '127.0.0.1', port: freePort }, udp: { host: '127.0.0.1', port: portUdp } }
    await expect(createTracker(half)).rejects.toMatchObject({
      code: 'ADDRESS_IN_USE',
      message: `The address 127.0.0.1:${portUdp} (udp) is taken by another program.`,
    })
    await expect(get(freePort, '/')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    taken.close()
    takenUdp.close()
  })

  it.each<[string, TrackerOptions, string]>([
    ['neither protocol', { http: false, udp: false }, 'A tracker needs HTTP or UDP or both.'],
    ['a wrong port', { http: { port: 70_000 } }, 'The option http.port must be a whole number from 0 to 65535.'],
    ['no interval', { intervalSeconds: 0 }, 'The option intervalSeconds must be a whole number from 1 to 86400.'],
    [
      'a min interval above the interval',
      { intervalSeconds: 9, minIntervalSeconds: 10 },
      'The option minIntervalSeconds must be a whole number from 1 to 9.',
    ],
    [
      'a part of a peer',
      { maxPeersPerTorrent: 1.5 },
      'The option maxPeersPerTorrent must be a whole number from 1 to 10000000.',
    ],
    [
      'an address of another machine',
      { http: { host: '192.0.2.1', port: 1 } },
      'Listening at 192.0.2.1:1 (http) is not possible.',
    ],
  ])('%s: a plain sentence', async (_, options, message) => {
    await expect(createTracker(options)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message })
  })

  it('closes with clients connected, twice, and leaves no socket or timer', async () => {
    const clock = handClock()
    const tracker = await createTracker({ http: local, udp: local, clock })
    const port = tracker.addresses[0]?.at.port ?? 0
    const idle = connect({ host: '127.0.0.1', port })
    idle.on('error', () => {})
    await once(idle, 'connect')
    expect(clock.waiting.size).toBe(1)
    await Promise.all([tracker.close(), tracker.close(), once(idle, 'close')])
    expect(clock.waiting.size).toBe(0)
    await expect(get(port, '/')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('outlives a listener that throws', async () => {
    const warned = once(process, 'warning')
    const on = (): void => {
      throw new Error('the listener broke')
    }
    await using tracker = await createTracker({ http: local, udp: false, on })
    expect((await get(tracker.addresses[0]?.at.port ?? 0, '/announce')).status).toBe(200)
    expect(await warned).toMatchObject([{ message: 'the listener broke' }])
  })
})

describe('parseAllowList', () => {
  const v1 = 'AB'.repeat(20)
  const v2 = 'cd'.repeat(32)
  it('reads hashes of both versions, with comments', () => {
    expect([...parseAllowList(`# mine\n${v1}  # one\r\n\n ${v2}`)]).toEqual(['ab'.repeat(20), 'cd'.repeat(20)])
  })

  it.each(['abc', `${v1} ${v1}`, `magnet:${v1}`])('refuses %j, naming the line', (line) => {
    expect(() => parseAllowList(`${v1}\n${line}`)).toThrow('Line 2 of the allow-list is no info-hash.')
  })
})

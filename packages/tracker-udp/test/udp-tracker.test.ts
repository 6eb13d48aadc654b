import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { type AnnounceRequest, TrackerError } from '@bitloom/core'
import { type UdpTracker, udpTracker } from '../src/udp-tracker.js'
import { actions } from '../src/protocol.js'
import {
  type Answer,
  type Network,
  type VirtualClock,
  countingRandom,
  goodTracker,
  identity,
  network,
  packet,
  request,
  resolverOf,
  virtualClock,
} from './fakes.js'

const names = {
  'tracker.example.com': ['203.0.113.9'],
  'both.example.com': ['2001:db8::9', '203.0.113.9'],
  'six.example.com': ['2001:db8::9'],
  'private.example.com': ['127.0.0.1', '10.0.0.1', '::1'],
  localhost: ['127.0.0.1'],
}
const here = '203.0.113.9:6969'
const peer = { kind: 'ip', host: '1.2.3.4', port: 5 }
const forever = new AbortController().signal

interface Setting {
  readonly clock: VirtualClock
  readonly world: Network
  readonly tracker: UdpTracker
  announce(changes?: Partial<AnnounceRequest>, signal?: AbortSignal): ReturnType<UdpTracker['announce']>
}

function setting(answer: Answer, timeoutMs = 4_000_000): Setting {
  const clock = virtualClock()
  const world = network(clock, answer)
  const ports = { datagram: world, resolver: resolverOf(names), clock, random: countingRandom() }
  const tracker = udpTracker(ports, { timeoutMs })
  const announce: Setting['announce'] = (changes = {}, signal = forever) => {
    const result = tracker.announce({ ...request, ...changes }, identity, signal)
    result.catch(() => {})
    return result
  }
  return { clock, world, tracker, announce }
}

const silent: Answer = () => []
/** Connects, and is silent else. */
const deaf =
  (good = goodTracker()): Answer =>
  (sent) =>
    sent.action === actions.connect ? good(sent) : []
/** "0 connect" for each packet: when, and which action. */
const log = (world: Network): string[] =>
  world.sent.map(({ atMs, action }) => `${atMs / 1000} ${Object.keys(actions)[action]}`)

describe('announce', () => {
  it('connects, announces, answers, and closes its socket when idle', async () => {
    const { clock, world, announce } = setting(goodTracker())
    expect(await announce()).toEqual({ peers: [peer], intervalMs: 1_800_000, leechers: 7, seeders: 8 })
    expect(log(world)).toEqual(['0 connect', '0 announce'])
    expect(world.sent.map(({ to, connectionId }) => [to, connectionId])).toEqual([
      [here, 0x41727101980n],
      [here, 1n],
    ])
    expect(world.sent[0]?.transactionId).not.toBe(world.sent[1]?.transactionId)
    expect([world.openCount(), world.opened.map(({ host, port }) => [host, port])]).toEqual([1, [['0.0.0.0', 0]]])
    await clock.advance(4999)
    expect(world.openCount()).toBe(1)
    await clock.advance(1)
    expect([world.openCount(), clock.timers]).toEqual([0, 0])
  })

  it('sends path and query (BEP 41)', async () => {
    const { world, announce } = setting(goodTracker())
    await announce({ url: 'UDP://Tracker.Example.COM:6969/a/b?pass=1', params: { x: 'y' } })
    const options = Buffer.from(world.sent[1]?.bytes.subarray(98) ?? [])
    expect(options.subarray(2).toString()).toBe('/a/b?pass=1&x=y')
  })

  it('speaks IPv6 by the family of the socket', async () => {
    const { world, announce } = setting(goodTracker())
    expect((await announce({ url: 'udp://six.example.com:80' })).peers).toEqual([
      { kind: 'ip', host: '101:101:101:101:101:101:101:101', port: 5 },
    ])
    expect([world.opened[0]?.host, world.sent[0]?.to]).toEqual(['::', '[2001:db8::9]:80'])
  })

  it('announces over both families and joins the peers', async () => {
    const { world, announce } = setting(goodTracker())
    expect((await announce({ url: 'udp://both.example.com:80' })).peers.length).toBe(2)
    expect(world.opened.length).toBe(2)
  })

  it('does not wait long for a family that is dead', async () => {
    const good = goodTracker()
    const { clock, announce } = setting((sent) => (sent.to.startsWith('[') ? [] : good(sent)))
    const result = announce({ url: 'udp://both.example.com:80' })
    await clock.advance(2000)
    expect((await result).peers).toEqual([peer])
    await clock.advance(5000)
    expect(clock.timers).toBe(0)
  })

  it.each(['http://t.example.com/', 'udp:', 'udp://', 'udp://t.example.com:0/', 'udp://t.example.com:99999', ''])(
    'does not speak %j',
    async (url) => {
      await expect(setting(silent).announce({ url })).rejects.toMatchObject({ code: 'TRACKER_UNSUPPORTED' })
    },
  )

  it('does not send a URL that fits no packet', async () => {
    const url = `udp://tracker.example.com:6969/${'a'.repeat(1020)}`
    await expect(setting(silent).announce({ url })).rejects.toMatchObject({ code: 'TRACKER_UNSUPPORTED' })
  })
})

describe('retransmission (BEP 15, "time outs")', () => {
  it('connects again after 15 · 2^n s, n at most 8', async () => {
    const { clock, world, announce } = setting(silent, 20_000_000)
    void announce()
    await clock.advance(12_000_000)
    expect(world.sent.map(({ atMs }) => atMs / 1000)).toEqual([0, 15, 45, 105, 225, 465, 945, 1905, 3825, 7665, 11_505])
    expect(new Set(world.sent.map(({ action }) => action))).toEqual(new Set([actions.connect]))
    expect(new Set(world.sent.map(({ transactionId }) => transactionId)).size).toBe(1)
  })

  it('announces again, and connects again once the connection id has expired', async () => {
    const { clock, world, announce } = setting(deaf())
    void announce()
    await clock.advance(226_000)
    expect(log(world)).toEqual([
      '0 connect',
      '0 announce',
      '15 announce',
      '45 announce',
      '105 connect',
      '105 announce',
      '225 connect',
      '225 announce',
    ])
    const announces = world.sent.filter(({ action }) => action === actions.announce)
    expect(announces.map(({ connectionId }) => connectionId)).toEqual([1n, 1n, 1n, 2n, 3n])
    expect(new Set(announces.map(({ transactionId }) => transactionId)).size).toBe(1)
  })

  it('takes a reply that is late', async () => {
    const late: { bytes: Uint8Array }[] = []
    const good = goodTracker()
    const { clock, world, announce } = setting((sent) => {
      const now = late.splice(0)
      if (sent.action === actions.announce && sent.atMs === 0) late.push(...good(sent))
      return sent.action === actions.connect ? good(sent) : now
    })
    const result = announce()
    await clock.advance(15_000)
    expect((await result).peers).toEqual([peer])
    expect(log(world)).toEqual(['0 connect', '0 announce', '15 announce'])
  })

  it('gives up after 30 s by default and sends no more', async () => {
    const clock = virtualClock()
    const world = network(clock, silent)
    const ports = { datagram: world, resolver: resolverOf(names), clock, random: countingRandom() }
    const result = udpTracker(ports, {}).announce(request, identity, forever)
    const failure = result.catch((error: unknown) => error)
    await clock.advance(29_999)
    expect(world.openCount()).toBe(1)
    await clock.advance(1_000_000)
    expect(await failure).toMatchObject({
      code: 'TRACKER_UNREACHABLE',
      message: 'the tracker udp://tracker.example.com:6969/announce did not answer within 30 s',
    })
    expect(log(world)).toEqual(['0 connect', '15 connect'])
    expect([world.openCount(), clock.timers]).toEqual([0, 0])
  })
})

describe('connection ids', () => {
  it('are used again for 60 s, and not after', async () => {
    const { clock, world, announce } = setting(goodTracker())
    await announce()
    await clock.advance(59_999)
    await announce()
    await clock.advance(1)
    await announce()
    expect(log(world)).toEqual(['0 connect', '0 announce', '59.999 announce', '60 connect', '60 announce'])
  })

  it('are asked for once by many', async () => {
    const { world, announce } = setting(goodTracker())
    await Promise.all(Array.from({ length: 50 }, () => announce()))
    expect(world.sent.filter(({ action }) => action === actions.connect).length).toBe(1)
    expect(new Set(world.sent.map(({ transactionId }) => transactionId)).size).toBe(51)
    expect(world.opened.length).toBe(1)
  })

  it('are asked for on behalf of those who stay when the first goes', async () => {
    const good = goodTracker()
    const { clock, world, announce } = setting((sent) => (sent.atMs < 15_000 ? [] : good(sent)))
    const controller = new AbortController()
    const first = announce({}, controller.signal)
    const second = announce()
    await clock.advance(1000)
    controller.abort()
    await expect(first).rejects.toBeInstanceOf(TrackerError)
    await clock.advance(14_000)
    expect((await second).peers).toEqual([peer])
    expect(log(world)).toEqual(['0 connect', '15 connect', '15 announce'])
  })

  it('stand apart by transaction ids that never repeat among requests under way', async () => {
    const clock = virtualClock()
    const world = network(clock, silent)
    const bytes = [5, 5, 6, 5, 7, 6, 8]
    const random = { ...countingRandom(), bytes: () => Uint8Array.of(0, 0, 0, bytes.shift() ?? 9) }
    const tracker = udpTracker({ datagram: world, resolver: resolverOf(names), clock, random }, {})
    for (const port of [1, 2]) {
      const url = `udp://tracker.example.com:${port}`
      tracker.announce({ ...request, url }, identity, forever).catch(() => {})
    }
    await clock.advance(1)
    // The announces hold 5 and 6 already when they connect.
    expect(world.sent.map(({ transactionId }) => transactionId)).toEqual([7, 8])
    await tracker.close()
  })

  it('belong to one address', async () => {
    const { world, announce } = setting(goodTracker())
    await announce()
    await announce({ url: 'udp://tracker.example.com:7000' })
    expect(log(world)).toEqual(['0 connect', '0 announce', '0 connect', '0 announce'])
  })

  it('that a restarted tracker refuses are replaced', async () => {
    const good = goodTracker()
    let valid = 1n
    const { world, announce } = setting((sent) =>
      sent.action === actions.announce && sent.connectionId !== valid
        ? [{ bytes: packet(3, sent.transactionId, 'connection id missmatch') }]
        : good(sent),
    )
    await announce()
    valid = 2n
    expect((await announce()).peers).toEqual([peer])
    expect(log(world)).toEqual(['0 connect', '0 announce', '0 announce', '0 connect', '0 announce'])
  })

  it('do not turn a refusal into a loop', async () => {
    let shouldRefuse = false
    const good = goodTracker()
    const { world, announce } = setting((sent) =>
      shouldRefuse && sent.action === actions.announce ? [{ bytes: packet(3, sent.transactionId, 'no') }] : good(sent),
    )
    await announce()
    shouldRefuse = true
    await expect(announce()).rejects.toMatchObject({ code: 'TRACKER_FAILURE' })
    expect(log(world)).toEqual(['0 connect', '0 announce', '0 announce', '0 connect', '0 announce'])
  })

  it('that a restarted tracker ignores are replaced', async () => {
    const good = goodTracker()
    let valid = 1n
    const { clock, world, announce } = setting((sent) =>
      sent.action === actions.announce && sent.connectionId !== valid ? [] : good(sent),
    )
    await announce()
    valid = 2n
    const result = announce()
    await clock.advance(15_000)
    expect((await result).peers).toEqual([peer])
    expect(log(world)).toEqual(['0 connect', '0 announce', '0 announce', '15 connect', '15 announce'])
  })
})

describe('forged and broken replies are ignored', () => {
  const refusal = (id: number): Uint8Array => packet(3, id, 'forged')
  it.each<[string, Answer]>([
    ['from another host', (sent) => [{ bytes: refusal(sent.transactionId), from: '203.0.113.8:6969' }]],
    ['from another port', (sent) => [{ bytes: refusal(sent.transactionId), from: '203.0.113.9:6970' }]],
    ['with another transaction id', (sent) => [{ bytes: refusal(sent.transactionId ^ 1) }]],
    ['too short for a head', (sent) => [{ bytes: refusal(sent.transactionId).subarray(0, 7) }]],
    ['empty', () => [{ bytes: new Uint8Array() }]],
    ['of another action', (sent) => [{ bytes: packet(7, sent.transactionId, 1, 2, 3, 4) }]],
    ['of the other action', (sent) => [{ bytes: packet(1 - sent.action, sent.transactionId) }]],
    ['too short for their action', (sent) => [{ bytes: packet(sent.action, sent.transactionId, 1) }]],
  ])('%s', async (_, forged) => {
    const good = goodTracker()
    const { clock, announce } = setting((sent) => (sent.atMs < 15_000 ? forged(sent) : good(sent)))
    const early = announce()
    await clock.advance(15_000)
    expect((await early).peers).toEqual([peer])

    const mixed = setting((sent) => [...forged(sent), ...good(sent)])
    expect((await mixed.announce()).peers).toEqual([peer])
  })

  it('a second reply changes nothing', async () => {
    const good = goodTracker()
    const { announce } = setting((sent) => [...good(sent), { bytes: refusal(sent.transactionId) }, ...good(sent)])
    expect((await announce()).peers).toEqual([peer])
  })
})

describe('refusals', () => {
  it('of an announce', async () => {
    const good = goodTracker()
    const { world, announce } = setting((sent) =>
      sent.action === actions.connect ? good(sent) : [{ bytes: packet(3, sent.transactionId, 'not\nregistered') }],
    )
    await expect(announce()).rejects.toMatchObject({
      code: 'TRACKER_FAILURE',
      message: 'the tracker udp://tracker.example.com:6969/announce refused: not registered',
    })
    expect(log(world)).toEqual(['0 connect', '0 announce'])
  })

  it('of a connect, without a reason', async () => {
    const { announce } = setting((sent) => [{ bytes: packet(3, sent.transactionId) }])
    await expect(announce()).rejects.toMatchObject({
      code: 'TRACKER_FAILURE',
      message: `the tracker udp://${here} refused: it gave no reason`,
    })
  })

  it('show no passkey', async () => {
    const secrets = ['0123456789abcdef0123', 'querysecret']
    const good = goodTracker()
    const url = `udp://tracker.example.com:6969/${secrets[0]}/announce?passkey=${secrets[1]}`
    const { announce } = setting((sent) =>
      sent.action === actions.connect ? good(sent) : [{ bytes: packet(3, sent.transactionId, secrets.join(' ')) }],
    )
    const error: unknown = await announce({ url }).catch((failure: unknown) => failure)
    expect(error).toMatchObject({ code: 'TRACKER_FAILURE' })
    for (const secret of secrets) expect(inspect(error, { depth: 12, showHidden: true })).not.toContain(secret)
  })
})

describe('ends', () => {
  it('an aborted signal rejects at once and sends no more', async () => {
    const { clock, world, announce } = setting(deaf())
    await expect(announce({}, AbortSignal.abort())).rejects.toMatchObject({ code: 'TRACKER_UNREACHABLE' })
    expect(world.opened.length).toBe(0)
    const controller = new AbortController()
    const result = announce({ event: 'stopped' }, controller.signal)
    await clock.advance(3000)
    controller.abort()
    await expect(result).rejects.toMatchObject({
      code: 'TRACKER_UNREACHABLE',
      message: 'the tracker udp://tracker.example.com:6969/announce was not waited for any longer',
    })
    await clock.advance(1_000_000)
    expect(log(world)).toEqual(['0 connect', '0 announce'])
    expect([world.openCount(), clock.timers]).toEqual([0, 0])
  })

  it('stopped goes out in one packet where a connection is known', async () => {
    const { world, announce } = setting(goodTracker())
    await announce({ event: 'started' })
    await announce({ event: 'stopped' })
    expect(log(world)).toEqual(['0 connect', '0 announce', '0 announce'])
    expect(world.sent[2]?.bytes[83]).toBe(3)
  })

  it('close fails what is under way, closes the sockets, and refuses what comes later', async () => {
    const { clock, world, tracker, announce } = setting(deaf())
    const result = announce({ url: 'udp://both.example.com:80' })
    await clock.advance(1000)
    await tracker.close()
    await tracker.close()
    await expect(result).rejects.toMatchObject({ message: 'the UDP tracker client is closed' })
    await expect(announce()).rejects.toMatchObject({ message: 'the UDP tracker client is closed' })
    const sent = world.sent.length
    await clock.advance(1_000_000)
    expect([world.openCount(), clock.timers, world.sent.length]).toEqual([0, 0, sent])
  })

  it('a socket that cannot be opened is one sentence, and tried again later', async () => {
    const { clock, world, announce } = setting(goodTracker())
    world.refuse = new Error('EMFILE')
    await expect(announce()).rejects.toMatchObject({
      code: 'TRACKER_UNREACHABLE',
      message: 'no UDP socket for IPv4 can be opened',
    })
    expect(clock.timers).toBe(0)
    world.refuse = undefined
    expect((await announce()).peers).toEqual([peer])
  })

  it('a socket error counts for the address it names, and for no other', async () => {
    const good = goodTracker()
    const { clock, world, announce } = setting((sent) => (sent.atMs < 15_000 ? [] : good(sent)))
    const result = announce()
    await clock.advance(1)
    world.fail(new Error('EPERM'))
    world.fail(Object.assign(new Error('ENETUNREACH'), { address: '203.0.113.8', port: 6969 }))
    await clock.advance(15_000)
    expect((await result).peers).toEqual([peer])
    world.answer = silent
    const second = announce()
    await clock.advance(1)
    world.fail(Object.assign(new Error('ENETUNREACH'), { address: '203.0.113.9', port: 6969 }))
    await expect(second).rejects.toMatchObject({
      code: 'TRACKER_UNREACHABLE',
      message: `the UDP tracker at ${here} cannot be reached`,
    })
  })
})

describe('what a public tracker may not lead to', () => {
  it('a near address: no packet is sent', async () => {
    const { world, announce } = setting(goodTracker())
    await expect(announce({ url: 'udp://private.example.com:80' })).rejects.toMatchObject({
      code: 'TRACKER_FORBIDDEN',
      message: 'the tracker host private.example.com leads to 127.0.0.1, 10.0.0.1, ::1, which is not a public address',
    })
    await expect(announce({ url: 'udp://0.0.0.0:80' })).rejects.toMatchObject({ code: 'TRACKER_FORBIDDEN' })
    await expect(announce({ url: 'udp://224.0.0.1:80' })).rejects.toMatchObject({ code: 'TRACKER_FORBIDDEN' })
    expect([world.sent.length, world.opened.length]).toEqual([0, 0])
  })

  it('a host that is local by its name may be near', async () => {
    const { world, announce } = setting(goodTracker())
    await announce({ url: 'udp://LOCALHOST:80' })
    await announce({ url: 'udp://[::1]:80' })
    expect(world.sent.map(({ to }) => to)).toEqual(['127.0.0.1:80', '127.0.0.1:80', '[::1]:80', '[::1]:80'])
  })

  it('a name without an address is unreachable', async () => {
    await expect(setting(silent).announce({ url: 'udp://unknown.example.com:80' })).rejects.toMatchObject({
      code: 'TRACKER_UNREACHABLE',
    })
  })
})

describe('scrape', () => {
  it('answers up to 74', async () => {
    const { world, tracker } = setting(goodTracker())
    const hashes = Array.from({ length: 74 }, (_, index) => new Uint8Array(20).fill(index))
    const answers = await tracker.scrape(request.url, hashes, forever)
    expect(answers.length).toBe(74)
    expect(answers[73]).toEqual({ infoHash: hashes[73], seeders: 73, completed: 173, leechers: 273 })
    expect(world.sent[1]?.bytes.length).toBe(16 + 74 * 20)
    await expect(tracker.scrape(request.url, [...hashes, ...hashes], forever)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
    expect(await tracker.scrape(request.url, [], forever)).toEqual([])
  })
})

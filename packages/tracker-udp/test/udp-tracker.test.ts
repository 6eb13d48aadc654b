import { describe, expect, it } from 'vitest'
import { goodTracker, request } from './fakes.js'
import { deaf, forever, here, log, peer, setting, silent } from './setting.js'

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

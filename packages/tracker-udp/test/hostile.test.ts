import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { actions } from '../src/protocol.js'
import { type Answer, goodTracker, packet } from './fakes.js'
import { here, log, peer, setting, silent } from './setting.js'

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

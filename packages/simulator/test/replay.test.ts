import type { Plugin } from '@bitloom/core'
import { pluginContract } from '@bitloom/core'
import { describe, expect, it } from 'vitest'
import { simulate } from '../src/index.js'
import { KiB, MiB, peers, seeds, smallSwarm } from './swarms.js'

/** Everything that draws from chance at once. */
const busy = smallSwarm({
  torrent: { lengthBytes: 3 * MiB + 12_345, pieceBytes: 64 * KiB },
  network: { latencyMs: 40, jitterMs: 15, lossPerHour: 60, split: 0.2, datagrams: { loss: 0.1 } },
  groups: [
    seeds(1),
    peers(5, { arrive: { poissonPerMinute: 30 }, leave: { afterWholeMs: 5_000 } }),
    peers(3, { name: 'late', arrive: { overMs: 20_000 }, has: 0.3, reachable: false }),
    peers(1, { name: 'liar', behaviour: 'corrupt' }),
    peers(1, { name: 'noise', behaviour: 'garbage' }),
  ],
})

const watching = (): Plugin => ({
  name: 'watching',
  contract: pluginContract,
  apply: (host) => host.hooks.peerHas.tap(() => {}),
})

describe('a run', () => {
  it('is the same for the same seed, event by event', async () => {
    const first = await simulate(busy)
    const second = await simulate(busy)
    expect(first.finished).toBe(true)
    expect(second.traceHash).toBe(first.traceHash)
    expect(second).toEqual(first)
  })

  it('is another one for another seed', async () => {
    const [first, second] = [await simulate(smallSwarm()), await simulate(smallSwarm({ seed: '2' }))]
    expect(second.traceHash).not.toBe(first.traceHash)
  })

  it('is not changed by a second one at the same time, nor by plugins that only watch', async () => {
    const alone = await simulate(smallSwarm())
    const [one, other] = await Promise.all([
      simulate(smallSwarm({ groups: [seeds(1), peers(6, { plugins: () => [watching()] })] })),
      simulate(busy),
    ])
    expect(one.traceHash).toBe(alone.traceHash)
    expect(other.traceHash).toBe((await simulate(busy)).traceHash)
  })

  it('is the same with real bytes that are hashed: symbolic data changes nothing', async () => {
    const symbolic = await simulate(busy)
    const real = await simulate({ ...busy, data: 'real' })
    expect(real.traceHash).toBe(symbolic.traceHash)
    expect(real.peers).toEqual(symbolic.peers)
  })
})

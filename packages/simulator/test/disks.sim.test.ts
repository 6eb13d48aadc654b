import type { SessionLimits } from '@bitloom/core'
import { describe, expect, it } from 'vitest'
import { simulate, type SimulatedNode, Simulation, type StorageSpec } from '../src/index.js'
import { checkSeeds } from '../src/seeds.js'
import { KiB, MiB, peers, seeds, smallSwarm } from './swarms.js'

const here = { project: 'simulator', file: 'disks.sim' }
const lengthBytes = 4 * MiB

/** A seed, and one peer with this disk on a quick line. */
async function pairWith(
  storage: StorageSpec,
  seed = '1',
  limits: Partial<SessionLimits> = {},
): Promise<{ simulation: Simulation; node: SimulatedNode }> {
  const simulation = new Simulation({ seed, torrent: { lengthBytes, pieceBytes: 128 * KiB } })
  await simulation.start({ name: 'seed', line: { upBytesPerSecond: 4 * MiB }, has: 'all' })
  const node = await simulation.start({ name: 'peer', line: { downBytesPerSecond: 8 * MiB }, storage, limits })
  return { simulation, node }
}

const isWhole = (node: SimulatedNode) => (): boolean => node.torrent.view.state === 'seeding'

describe('a slow disk', () => {
  it('makes the download as slow as it is, and little is lost by it', async () => {
    const slow = peers(1, { downBytesPerSecond: 8 * MiB, storage: { bytesPerSecond: 256 * KiB, callMs: 10 } })
    const result = await simulate(smallSwarm({ groups: [seeds(1, { upBytesPerSecond: 4 * MiB }), slow] }))
    const peer = result.peers.at(-1)
    expect(result.faults).toEqual([])
    expect(peer?.completedMs).toBeGreaterThan(16_000)
    expect(peer?.completedMs).toBeLessThan(20_000)
    expect(peer?.wastedBytes).toBe(0)
  })

  it('takes no more from the network than may be held in memory', async () => {
    const { simulation, node } = await pairWith({ extentBytes: 64 * KiB, bytesPerSecond: 64 * KiB }, '1', {
      unwrittenBytes: MiB,
    })
    let most = 0
    for (let second = 1; second <= 30; second++) {
      await simulation.run(isWhole(node), second * 1_000)
      const { receivedBytes } = node.torrent.view.stats
      most = Math.max(most, receivedBytes - (second - 1) * 64 * KiB)
    }
    expect(node.torrent.view.state).toBe('downloading')
    expect(most).toBeGreaterThan(0.5 * MiB)
    expect(most).toBeLessThanOrEqual(1.1 * MiB)
  })
})

describe('a disk', () => {
  it('has no piece of which only a part was written, as a check in the midst of a download finds', async () => {
    for (const data of ['symbolic', 'real'] as const) {
      const simulation = new Simulation({ seed: '1', torrent: { lengthBytes, pieceBytes: MiB }, data })
      await simulation.start({ name: 'seed', line: { upBytesPerSecond: MiB }, has: 'all' })
      const node = await simulation.start({ name: 'peer', storage: { extentBytes: 64 * KiB } })
      await simulation.run(() => node.storage.counts.writtenBytes > 1.5 * MiB, 60_000)
      const { writtenBytes } = node.storage.counts
      expect(writtenBytes % MiB).toBeGreaterThan(0)
      node.torrent.control.recheck()
      await simulation.run(() => node.torrent.view.state !== 'checking', 60_000)
      expect(node.torrent.view.stats.verifiedBytes).toBeLessThanOrEqual(writtenBytes)
      expect(await simulation.run(isWhole(node), 60_000)).toBe(true)
      expect(node.storage.counts.writtenBytes).toBeGreaterThanOrEqual(lengthBytes)
    }
  })
})

describe('a full disk', () => {
  it('with room again lets the download complete by itself', async () => {
    await checkSeeds(here, ['1', '2'], async (seed) => {
      const { simulation, node } = await pairWith({ capacityBytes: MiB, fullForMs: 60_000 }, seed)
      expect(await simulation.run(isWhole(node), 55_000)).toBe(false)
      expect(node.torrent.view.state).toBe('blocked')
      expect(node.torrent.view.error).toMatchObject({ code: 'NO_SPACE' })
      expect(node.torrent.view.stats.verifiedBytes).toBeLessThanOrEqual(MiB)
      expect(await simulation.run(isWhole(node), 300_000)).toBe(true)
      const { receivedBytes, wastedBytes } = node.torrent.view.stats
      expect(receivedBytes - wastedBytes).toBe(lengthBytes)
      expect(node.torrent.view.error).toBeUndefined()
    })
  })

  it('for good keeps what it has, and serves it', async () => {
    const groups = [
      seeds(1, { upBytesPerSecond: 256 * KiB }),
      peers(1, { name: 'full', storage: { capacityBytes: MiB } }),
      peers(2),
    ]
    const result = await simulate(smallSwarm({ groups, untilMs: 240_000 }))
    const [, full, ...others] = result.peers
    expect(full?.completedMs).toBeUndefined()
    expect(full?.uploadedBytes).toBeGreaterThan(0)
    for (const { completedMs } of others) expect(completedMs).toBeDefined()
  })
})

describe('a corrupting disk', () => {
  it('is found out by a check, and repaired by as many downloads as it takes', async () => {
    // With the last of these seeds one piece is spoilt time and again.
    await checkSeeds(here, ['1', '2', 'fresh-d5my5x'], async (seed) => {
      const { simulation, node } = await pairWith({ corrupts: 0.3 }, seed)
      const verified: number[] = []
      for (let check = 0; check < 20 && verified.at(-1) !== lengthBytes; check++) {
        expect(await simulation.run(isWhole(node), simulation.clock.elapsedMs + 10_000)).toBe(true)
        node.torrent.control.recheck()
        await simulation.run(() => node.torrent.view.state !== 'checking', simulation.clock.elapsedMs + 60_000)
        verified.push(node.torrent.view.stats.verifiedBytes)
      }
      // The first finds three of ten pieces spoilt, each later one fewer.
      expect(verified[0]).toBeGreaterThan(0.4 * lengthBytes)
      expect(verified[0]).toBeLessThan(0.95 * lengthBytes)
      expect(verified.at(-1)).toBe(lengthBytes)
      expect(simulation.faults).toEqual([])
    })
  })

  it('spoils what it serves, and nobody keeps it', async () => {
    const groups = [
      seeds(1, { upBytesPerSecond: 256 * KiB }),
      peers(1, { name: 'spoilt', storage: { corrupts: 0.5 } }),
      peers(4),
    ]
    for (const data of ['symbolic', 'real'] as const) {
      const result = await simulate(smallSwarm({ groups, data }))
      expect(result.finished).toBe(true)
      const others = result.peers.filter(({ group }) => group === 'peer')
      expect(others.reduce((sum, { wastedBytes }) => sum + wastedBytes, 0)).toBeGreaterThan(0)
      for (const { downloadedBytes, wastedBytes } of others) expect(downloadedBytes - wastedBytes).toBe(lengthBytes)
    }
  })
})

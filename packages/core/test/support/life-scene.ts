import { expect } from 'vitest'
import { StorageError } from '../../src/bytes/errors.js'
import type { Engine, TorrentHandle } from '../../src/driver/api.js'
import type { Metainfo } from '../../src/metainfo/metainfo.js'
import type { TrackerClient } from '../../src/ports/tracker-client.js'
import { settleMicrotasks } from './virtual-clock.js'
import { makeTorrent, TestStorage, World } from './world.js'

export const piece = 65_536
export const pieces = 24
export const full = (): Error => new StorageError('NO_SPACE', 'the disk is full', { path: '/x', retry: true })
export const broken = (): Error => new StorageError('IO', 'the disk broke', { path: '/x', retry: false })

export interface LifeScene {
  readonly world: World
  readonly metainfo: Metainfo
  readonly data: Uint8Array
  readonly seeder: Engine
  readonly leecher: Engine
  readonly target: TestStorage
  readonly told: string[]
}

/** A slow seeder at 10.0.0.1 and a leecher at 10.0.0.2 with a tracker. */
export async function scene(
  options: { pieceBytes?: number; extentBytes?: number; upBytesPerSecond?: number } = {},
): Promise<LifeScene> {
  const world = new World()
  const { metainfo, data } = makeTorrent({
    lengthBytes: pieces * piece,
    pieceBytes: options.pieceBytes ?? piece,
    trackers: ['test://tracker/announce'],
  })
  const seeder = await world.node('10.0.0.1', {
    storage: new TestStorage(0, data),
    limits: { upBytesPerSecond: options.upBytesPerSecond ?? 262_144 },
  })
  await world.add(seeder, metainfo)
  const target = new TestStorage(data.length)
  if (options.extentBytes !== undefined) target.extentBytes = options.extentBytes
  const told: string[] = []
  const tracker: TrackerClient = {
    schemes: ['test'],
    announce: async (request, _identity, signal) => {
      signal.throwIfAborted()
      told.push(request.event ?? 'regular')
      return { peers: [], intervalMs: 60_000 }
    },
  }
  const leecher = await world.node('10.0.0.2', { storage: target, trackers: [tracker] })
  return { world, metainfo, data, seeder, leecher, target, told }
}

export const add = ({ world, leecher, metainfo }: LifeScene): Promise<TorrentHandle> =>
  world.add(leecher, metainfo, { peers: [world.endpoint('10.0.0.1')] })

/** Nothing is left of a removed torrent, and after closing no timer and no connection. */
export async function nothingLeft({ world, leecher, seeder, target }: LifeScene): Promise<void> {
  await settleMicrotasks()
  expect(leecher.heldBytes).toBe(0)
  await Promise.all([leecher.close(), seeder.close()])
  await world.clock.advance(20)
  expect(world.memories.get('10.0.0.2')?.held.size).toBe(0)
  expect(world.memories.get('10.0.0.1')?.held.size).toBe(0)
  expect(world.clock.pending).toBe(0)
  expect(world.network.ends.size).toBe(0)
  expect(target.violations).toEqual([])
  expect(world.faults).toEqual([])
}

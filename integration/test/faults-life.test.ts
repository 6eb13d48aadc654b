import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import type { TorrentHandle, TorrentState } from '@bitloom/core'
import { type FaultyDisk, faultyDisk, faultyStorage } from '../src/faulty-disk.js'
import { figure, isFull } from '../src/faults.js'
import { addressOf, inLab, isLinux, makeSeeded, until } from '../src/lab.js'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const handles = (): number => (isLinux ? readdirSync('/proc/self/fd').length : 0)

it(
  'a torrent that is added and removed again and again, while it checks and downloads, leaves nothing behind',
  { timeout: 600_000 },
  inLab(async (lab) => {
    const times = isFull ? 1_000 : 120
    const { made, seeder } = await makeSeeded(
      lab,
      { 'a.bin': 400_000, 'b.bin': 200_000 },
      { limits: { upBytesPerSecond: 4_000_000 } },
    )
    const session = await lab.session({ stateDirectory: lab.path('state') })
    const options = { torrent: made.torrent, directory: lab.path('downloads'), peers: [addressOf(seeder)] }
    const round = async (index: number): Promise<void> => {
      const handle = await session.add({ ...options, check: index % 3 === 0 ? 'full' : 'resume' })
      handle.ready.catch(() => {})
      handle.completed.catch(() => {})
      if (index % 2 === 0) await sleep(index % 17)
      await handle.remove({ deleteData: index % 7 === 0 })
    }
    const measure = async (): Promise<{ bytes: number; handles: number }> => {
      await sleep(50)
      for (let times = 0; times < 3; times++) collect()
      return { bytes: process.memoryUsage().heapUsed, handles: handles() }
    }
    const warmUp = Math.floor(times / 4)
    for (let index = 0; index < warmUp; index++) await round(index)
    await until('the seeder knows of no peer', () => [...(seeder.torrents()[0]?.peers ?? [])].length === 0)
    const before = await measure()
    for (let index = warmUp; index < times; index++) await round(index)
    await until('the seeder knows of no peer', () => [...(seeder.torrents()[0]?.peers ?? [])].length === 0)
    const after = await measure()
    const grownKiB = Math.round((after.bytes - before.bytes) / 1024)
    figure(`added and removed ${times} times: heap ${grownKiB} KiB, handles ${after.handles - before.handles}`)
    expect(session.torrents()).toEqual([])
    expect(after.handles).toBeLessThanOrEqual(before.handles)
    expect(grownKiB).toBeLessThan(3_000)
  }),
)

interface Scene {
  readonly handle: TorrentHandle
  readonly disk: FaultyDisk
  readonly elsewhere: string
}

const reaches = async ({ handle }: Scene, state: TorrentState): Promise<void> =>
  until(`it is ${state}`, () => handle.view.state === state)

const phases: readonly (readonly [string, (scene: Scene) => Promise<void>])[] = [
  ['at once', async () => {}],
  ['while it checks', async ({ handle }) => until('it checks', () => handle.view.state !== 'loading')],
  ['while it downloads', (scene) => reaches(scene, 'downloading')],
  [
    'while nothing can be written',
    async (scene) => {
      await reaches(scene, 'downloading')
      scene.disk.fail('write', 'ENOSPC')
      await reaches(scene, 'blocked')
    },
  ],
  [
    'when it is paused',
    async (scene) => {
      await reaches(scene, 'downloading')
      scene.handle.control.pause()
      await reaches(scene, 'paused')
    },
  ],
  ['when it is whole', (scene) => reaches(scene, 'seeding')],
  [
    'while its data moves',
    async (scene) => {
      await reaches(scene, 'seeding')
      scene.handle.control.move(scene.elsewhere).catch(() => {})
    },
  ],
]

describe.concurrent('close(), twice', () => {
  it.for(phases)(
    '%s ends within 5 s, and the next session goes on',
    inLab(async (lab, [when, reach]) => {
      const { made, seeder } = await makeSeeded(
        lab,
        { 'a.bin': 2_000_000 },
        { limits: { upBytesPerSecond: 4_000_000 } },
      )
      const disk = faultyDisk()
      const stateDirectory = lab.path('state')
      const options = { torrent: made.torrent, directory: lab.path('downloads'), peers: [addressOf(seeder)] }
      const session = await lab.session({ stateDirectory, plugins: [faultyStorage(disk)] })
      const handle = await session.add({ ...options, storage: 'faulty' })
      handle.ready.catch(() => {})
      handle.completed.catch(() => {})
      await reach({ handle, disk, elsewhere: lab.path('elsewhere') })
      const beganMs = performance.now()
      await Promise.all([session.close(), session.close()])
      const endedMs = performance.now() - beganMs
      expect(endedMs).toBeLessThan(5_000)
      disk.fail('write', undefined)
      const again = await lab.session({ stateDirectory, plugins: [faultyStorage(disk)] })
      await (
        await again.add({ ...options, storage: 'faulty' })
      ).completed
      figure(`close() twice, ${when}: ended after ${Math.round(endedMs)} ms, the next session went on`)
    }),
  )
})

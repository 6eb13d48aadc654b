import { expect, it } from 'vitest'
import { addressOf, inLab, seed, until } from '../src/lab.js'
import { differences } from '../src/payload.js'
import { watchedStorage } from '../src/watched-storage.js'

const files = { 'a.bin': 2_000_000, 'b.bin': 500_000 }

it(
  'a torrent that is removed and added again starts at once, without reading its data',
  inLab(async (lab) => {
    const made = await lab.make('album', files)
    const { plugin, traffic } = watchedStorage()
    const session = await lab.session({ plugins: [plugin] })
    const options = { torrent: made.torrent, directory: made.directory, storage: 'watched', check: 'resume' } as const
    const first = await session.add(options)
    await first.ready
    expect(traffic.read.verify).toBe(made.torrent.lengthBytes)
    await first.remove()
    expect(session.torrents()).toEqual([])

    const second = await session.add(options)
    await second.ready
    expect(second.view.state).toBe('seeding')
    expect(traffic.read.verify).toBe(made.torrent.lengthBytes)
    expect(second.view.id).not.toBe(first.view.id)

    const leecher = await lab.session()
    const peers = [addressOf(session)]
    await (
      await leecher.add({ torrent: made.torrent, directory: lab.path('downloads'), peers })
    ).completed
    expect(await differences(made.path, lab.path('downloads', 'album'))).toEqual([])
  }),
)

it(
  'a download that is removed half-way goes on where it was',
  inLab(async (lab) => {
    const made = await lab.make('album', files)
    const seeder = await lab.session({ limits: { upBytesPerSecond: 1_500_000 } })
    await seed(seeder, made)
    const { plugin, traffic } = watchedStorage()
    const session = await lab.session({ plugins: [plugin] })
    const base = { torrent: made.torrent, directory: lab.path('downloads'), storage: 'watched' } as const
    const options = { ...base, peers: [addressOf(seeder)] }
    const first = await session.add(options)
    const stopped = first.completed.catch((error: unknown) => error)
    await until('ten pieces are there', () => (first.view.content?.have.count ?? 0) >= 10)
    await first.remove()
    expect(await stopped).toMatchObject({ code: 'CLOSED' })
    const kept = traffic.written
    expect(kept).toBeLessThan(made.torrent.lengthBytes)

    seeder.setLimits({ upBytesPerSecond: undefined })
    const second = await session.add(options)
    await second.ready
    expect(traffic.read.verify).toBe(0)
    expect(second.view.content?.have.count).toBeGreaterThanOrEqual(10)
    await second.completed
    // Not more than the pieces that were open came twice.
    expect(traffic.written).toBeLessThan(made.torrent.lengthBytes + kept)
    expect(second.view.stats.receivedBytes).toBeLessThan(made.torrent.lengthBytes)
    expect(await differences(made.path, lab.path('downloads', 'album'))).toEqual([])
  }),
)

it(
  'a check that is asked for hashes all the same',
  inLab(async (lab) => {
    const made = await lab.make('album', files)
    const { plugin, traffic } = watchedStorage()
    const session = await lab.session({ plugins: [plugin] })
    const options = { torrent: made.torrent, directory: made.directory, storage: 'watched' } as const
    for (const times of [1, 2]) {
      const handle = await session.add({ ...options, check: 'full' })
      await handle.ready
      expect(handle.view.state).toBe('seeding')
      expect(traffic.read.verify).toBe(times * made.torrent.lengthBytes)
      await handle.remove()
    }
  }),
)

import { stat, writeFile } from 'node:fs/promises'
import { formatMagnet, magnetOf, parseMagnet } from '@bitloom/core'
import { expect, it } from 'vitest'
import { addressOf, inLab, makeSeeded, until } from '../src/lab.js'
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
    const { made, seeder } = await makeSeeded(lab, files, { limits: { upBytesPerSecond: 1_500_000 } })
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

it(
  'a session that starts again has its torrents as they were, and reads only what was changed by others',
  inLab(async (lab) => {
    const { made, seeder } = await makeSeeded(
      lab,
      { ...files, 'c.bin': 300_000 },
      { limits: { upBytesPerSecond: 1_500_000 } },
    )
    const stateDirectory = lab.path('state')
    const watched = () => ({ ...watchedStorage(), name: 'watched' })
    const before = watched()
    const first = await lab.session({ plugins: [before.plugin], stateDirectory })
    const added = await first.add({
      torrent: made.torrent,
      directory: lab.path('downloads'),
      storage: 'watched',
      wantedFiles: [true, true, false],
      limits: { maxPeers: 9 },
      peers: [addressOf(seeder)],
    })
    added.completed.catch(() => {})
    await until('half of it is there', () => (added.view.content?.have.count ?? 0) >= 40)
    added.control.pause()
    added.control.prioritize([70], 7)
    const other = await lab.make('other', { 'x.bin': 100_000 })
    const gone = await first.add({ torrent: other.torrent, directory: other.directory })
    await gone.ready
    await gone.remove()
    await first.close()
    const had = added.view.content?.have.count ?? 0
    expect((await stat(stateDirectory)).mode & 0o777).toBe(0o700)

    const after = watched()
    const second = await lab.session({ plugins: [after.plugin], stateDirectory })
    const [restored, ...others] = await second.restore()
    expect(others).toEqual([])
    await restored?.ready
    const view = restored?.view
    expect(view).toMatchObject({ state: 'paused', name: 'album', directory: lab.path('downloads'), storage: 'watched' })
    expect(restored?.control.limits).toEqual({ maxPeers: 9 })
    expect(view?.content?.have.count).toBe(had)
    expect(view?.content?.priority(70)).toBe(view?.content?.have.has(70) === true ? 0 : 7)
    expect(view?.stats.wantedBytes).toBeLessThan(made.torrent.lengthBytes)
    expect(after.traffic.read.verify).toBe(0)
    expect(await second.restore()).toEqual([])
    await second.close()

    // Somebody writes to one file: it is hashed, the other is not.
    await writeFile(lab.path('downloads', 'album', 'b.bin'), new Uint8Array(500_000))
    seeder.setLimits({ upBytesPerSecond: undefined })
    const last = watched()
    const third = await lab.session({ plugins: [last.plugin], stateDirectory })
    const [again] = await third.restore()
    await again?.ready
    expect(last.traffic.read.verify).toBeLessThan(600_000)
    expect(last.traffic.read.verify).toBeGreaterThan(400_000)
    again?.control.addPeers([addressOf(seeder)], 'user')
    again?.control.resume()
    again?.control.select([true, true, true])
    await again?.completed
    expect(await differences(made.path, lab.path('downloads', 'album'))).toEqual([])
  }),
)

it(
  'a magnet link that was given up half-way needs nobody to start again',
  inLab(async (lab) => {
    const made = await lab.make('album', files)
    const stateDirectory = lab.path('state')
    const first = await lab.session({ stateDirectory })
    const link = { ...parseMagnet(formatMagnet(magnetOf(made.torrent))), trackers: [] }
    const options = { torrent: link, directory: made.directory }
    const begun = await first.add(options)
    begun.ready.catch(() => {})
    begun.completed.catch(() => {})
    expect(await begun.control.provideInfo(made.torrent.info)).toBe(true)
    await begun.ready
    await first.close()
    const second = await lab.session({ stateDirectory })
    const again = await second.add(options)
    await again.ready
    expect(again.view).toMatchObject({ name: 'album', state: 'seeding' })
  }),
)

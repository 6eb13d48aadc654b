import { mkdir, writeFile } from 'node:fs/promises'
import { openDesk } from '@bitloom/core'
import { describe, expect, it } from 'vitest'
import { addressOf, inLab, type Lab, makeSeeded, until } from '../src/lab.js'
import { differences, filesBelow } from '../src/payload.js'

const files = { 'a.bin': 2_000_000, 'b/c.bin': 1_000_000 }

/** A download of about two seconds, with some of it there. */
async function half(lab: Lab) {
  const { made, seeder } = await makeSeeded(lab, files, { limits: { upBytesPerSecond: 2_000_000 } })
  const session = await lab.session({ stateDirectory: lab.path('state') })
  const options = { torrent: made.torrent, directory: lab.path('downloads'), peers: [addressOf(seeder)] }
  const handle = await session.add(options)
  await until('some pieces are there', () => (handle.view.content?.have.count ?? 0) > 15)
  return { made, session, handle, options }
}

describe.concurrent('data that is moved', () => {
  it(
    'while it is downloaded goes on in the other folder, and is found there by the next session',
    inLab(async (lab) => {
      const { made, session, handle } = await half(lab)
      const to = lab.path('new', 'place')
      await handle.control.move(to)
      expect(handle.view.directory).toBe(to)
      expect(await filesBelow(lab.path('downloads'))).toEqual([])
      await handle.completed
      expect(handle.view.stats.wastedBytes).toBe(0)
      expect(await differences(made.path, lab.path('new', 'place', 'album'))).toEqual([])
      await session.close()
      const again = await lab.session({ stateDirectory: lab.path('state') })
      const [restored] = await again.restore()
      await restored?.ready
      expect(restored?.view).toMatchObject({ state: 'seeding', directory: to })
    }),
  )

  it(
    'onto something that is there stays where it is, and goes on',
    inLab(async (lab) => {
      const { made, handle } = await half(lab)
      await mkdir(lab.path('taken', 'album'), { recursive: true })
      await writeFile(lab.path('taken', 'album', 'a.bin'), 'mine')
      await expect(handle.control.move(lab.path('taken'))).rejects.toMatchObject({ code: 'DENIED' })
      expect(handle.view.directory).toBe(lab.path('downloads'))
      await handle.completed
      expect(await differences(made.path, lab.path('downloads', 'album'))).toEqual([])
    }),
  )
})

it(
  'files and folders get other names while they are downloaded, and keep them over a restart',
  inLab(async (lab) => {
    const { made, session, handle } = await half(lab)
    const desk = openDesk(session)
    await desk.act(handle.view.id, { do: 'rename', from: 'album/a.bin', to: 'album/new/first.bin' })
    await handle.control.rename('album', 'Album')
    const refused = handle.control.rename('Album/b/c.bin', 'ALBUM/new/first.bin')
    await expect(refused).rejects.toMatchObject({ code: 'PATH_INVALID' })
    await expect(handle.control.rename('Album/b', '../b')).rejects.toMatchObject({ code: 'PATH_INVALID' })
    await expect(handle.control.rename('album', 'b')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await writeFile(lab.path('downloads', 'mine'), 'mine')
    await expect(handle.control.rename('Album/b/c.bin', 'mine')).rejects.toMatchObject({ code: 'DENIED' })
    await handle.completed
    const paths = ['Album/new/first.bin', 'Album/b/c.bin']
    expect(handle.view.paths).toEqual(paths)
    expect(desk.details(handle.view.id).files?.map(({ path }) => path)).toEqual(paths)
    expect(handle.view.stats.wastedBytes).toBe(0)
    expect((await filesBelow(lab.path('downloads'))).toSorted()).toEqual([...paths, 'mine'].toSorted())
    await session.close()

    const again = await lab.session({ stateDirectory: lab.path('state') })
    const [restored] = await again.restore()
    await restored?.ready
    expect(restored?.view).toMatchObject({ state: 'seeding', paths })
    await restored?.control.rename('Album/new/first.bin', 'Album/a.bin')
    expect(await differences(made.path, lab.path('downloads', 'Album'))).toEqual([])
    await restored?.remove({ deleteData: true })
    expect(await filesBelow(lab.path('downloads'))).toEqual(['mine'])
  }),
)

it(
  'incomplete files carry a suffix, in a folder of their own, over a restart, a renaming and a check, until they are whole',
  inLab(async (lab) => {
    const { made, seeder } = await makeSeeded(lab, files, { limits: { upBytesPerSecond: 300_000 } })
    const stateDirectory = lab.path('state')
    const [directory, incompleteDirectory] = [lab.path('downloads'), lab.path('incomplete')]
    const first = await lab.session({ stateDirectory })
    const place = { directory, incompleteDirectory, incompleteSuffix: '.part' }
    const peers = [addressOf(seeder)]
    const begun = await first.add({ torrent: made.torrent, peers, ...place })
    begun.completed.catch(() => {})
    await until('some pieces are there', () => (begun.view.content?.have.count ?? 0) > 10)
    await begun.control.rename('album/a.bin', 'album/first.bin')
    expect(await filesBelow(incompleteDirectory)).toContain('album/first.bin.part')
    const had = begun.view.content?.have.count ?? 0
    await first.close()
    seeder.setLimits({ upBytesPerSecond: undefined })

    const second = await lab.session({ stateDirectory })
    const [restored] = await second.restore()
    await restored?.ready
    expect(restored?.view.content?.have.count).toBeGreaterThanOrEqual(had)
    restored?.control.recheck()
    await until('it was checked', () => restored?.view.state === 'downloading')
    expect(restored?.view.content?.have.count).toBeGreaterThanOrEqual(had)
    restored?.control.addPeers(peers, 'user')
    await restored?.completed
    expect((await filesBelow(directory)).toSorted()).toEqual(['album/b/c.bin', 'album/first.bin'])
    expect(await filesBelow(incompleteDirectory)).toEqual([])
    await restored?.control.rename('album/first.bin', 'album/a.bin')
    expect(await differences(made.path, lab.path('downloads', 'album'))).toEqual([])
  }),
)

it(
  'a file that is whole loses its suffix while the others come, and is seeded to others',
  inLab(async (lab) => {
    const { made, seeder } = await makeSeeded(lab, files)
    const session = await lab.session({ stateDirectory: lab.path('state') })
    const place = { directory: lab.path('downloads'), incompleteSuffix: '.!bl', wantedFiles: [false, true] }
    const handle = await session.add({ torrent: made.torrent, peers: [addressOf(seeder)], ...place })
    await handle.completed
    expect(await filesBelow(place.directory)).toContain('album/b/c.bin')
    expect((await filesBelow(place.directory)).filter((path) => path.endsWith('.!bl'))).toEqual([])
    const other = await lab.session()
    const copy = { directory: lab.path('copy'), wantedFiles: [false, true] }
    const taken = await other.add({ torrent: made.torrent, peers: [addressOf(session)], ...copy })
    await taken.completed
    expect(taken.view.stats.receivedBytes).toBeGreaterThan(0)
  }),
)

describe.concurrent('a download with a folder for incomplete ones', () => {
  it(
    'lives there until it is whole, also over a restart, and then where it belongs',
    inLab(async (lab) => {
      const { made, seeder } = await makeSeeded(lab, files, { limits: { upBytesPerSecond: 2_000_000 } })
      const stateDirectory = lab.path('state')
      const [home, aside] = [lab.path('downloads'), lab.path('incomplete')]
      const first = await lab.session({ stateDirectory })
      const peers = [addressOf(seeder)]
      const begun = await first.add({ torrent: made.torrent, directory: home, incompleteDirectory: aside, peers })
      begun.completed.catch(() => {})
      await until('some pieces are there', () => (begun.view.content?.have.count ?? 0) > 15)
      expect(begun.view.directory).toBe(aside)
      const had = begun.view.content?.have.count ?? 0
      await first.close()
      expect(await filesBelow(home)).toEqual([])

      const second = await lab.session({ stateDirectory })
      const [restored] = await second.restore()
      await restored?.ready
      expect(restored?.view.content?.have.count).toBeGreaterThanOrEqual(had)
      restored?.control.addPeers(peers, 'user')
      await restored?.completed
      expect(restored?.view.directory).toBe(home)
      expect(await differences(made.path, lab.path('downloads', 'album'))).toEqual([])
      expect(await filesBelow(aside)).toEqual([])
      await second.close()

      const third = await lab.session({ stateDirectory })
      const [whole] = await third.restore()
      await whole?.ready
      expect(whole?.view).toMatchObject({ state: 'seeding', directory: home })
    }),
  )

  it(
    'is complete where it is when something is in its place',
    inLab(async (lab) => {
      const { made, seeder } = await makeSeeded(lab, files)
      const home = lab.path('downloads')
      const session = await lab.session()
      const options = { torrent: made.torrent, directory: home, incompleteDirectory: lab.path('incomplete') }
      const handle = await session.add(options)
      await handle.ready
      await mkdir(lab.path('downloads', 'album', 'b'), { recursive: true })
      await writeFile(lab.path('downloads', 'album', 'b', 'c.bin'), 'mine')
      handle.control.addPeers([addressOf(seeder)], 'user')
      await handle.completed
      expect(handle.view).toMatchObject({ state: 'seeding', directory: lab.path('incomplete') })
      expect(await differences(made.path, lab.path('incomplete', 'album'))).toEqual([])
    }),
  )
})

it(
  'trackers come and go while a torrent runs, and are remembered',
  inLab(async (lab) => {
    const made = await lab.make('album', files)
    const tracker = await lab.tracker()
    const url = tracker.addresses[0]?.url ?? ''
    const stateDirectory = lab.path('state')
    const seeder = await lab.session({ stateDirectory })
    const seeding = await seeder.add({ torrent: made.torrent, directory: made.directory })
    await seeding.ready
    expect(() => seeding.control.addTracker('nonsense')).toThrow(/no URL/)
    seeding.control.addTracker(url)
    await until('the tracker knows it', () => seeding.view.trackers[0]?.state === 'ok')
    await seeder.close()

    const again = await lab.session({ stateDirectory })
    const [restored] = await again.restore()
    await until('it announced again', () => restored?.view.trackers[0]?.state === 'ok')
    const leecher = await lab.session()
    const trackers = [[url]]
    const found = await leecher.add({ torrent: made.torrent, directory: lab.path('downloads'), trackers })
    await found.completed

    restored?.control.removeTracker(url)
    await until('it has no tracker', () => restored?.view.trackers.length === 0)
    const late = await lab.session()
    const alone = await late.add({ torrent: made.torrent, directory: lab.path('late'), trackers })
    await until('it was answered', () => alone.view.trackers[0]?.state === 'ok')
    expect(alone.view.trackers[0]?.peers).toBe(1)
  }),
)

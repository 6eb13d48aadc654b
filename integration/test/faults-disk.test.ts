import { rmSync, truncateSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import type { StorageError } from '@bitloom/core'
import { figure } from '../src/faults.js'
import { faultyDisk, faultyStorage } from '../src/faulty-disk.js'
import { addressOf, inLab, type Lab, makeSeeded, until } from '../src/lab.js'
import { differences } from '../src/payload.js'
import { mountSmallDisk, noSmallDisk } from '../src/small-disk.js'

const files = { 'a.bin': 3_000_000, 'b.bin': 2_000_000 }
const asked = 16_384

/** A download of about two seconds on a disk that can fail. */
async function prepare(lab: Lab) {
  const { made, seeder } = await makeSeeded(lab, files, { limits: { upBytesPerSecond: 2_500_000 } })
  const disk = faultyDisk()
  const session = await lab.session({ plugins: [faultyStorage(disk)], stateDirectory: lab.path('state') })
  const failures: StorageError[] = []
  session.hooks.torrentFailed.tap((error) => void failures.push(error as StorageError))
  const options = { torrent: made.torrent, directory: lab.path('downloads'), storage: 'faulty' }
  const handle = await session.add({ ...options, peers: [addressOf(seeder)] })
  handle.completed.catch(() => {})
  const some = () => until('some pieces are there', () => (handle.view.content?.have.count ?? 0) > 20)
  return { made, seeder, disk, session, failures, handle, some }
}

describe.concurrent('writes that the system refuses', () => {
  it.for([
    ['EIO', 'IO'],
    ['EACCES', 'DENIED'],
    ['EROFS', 'DENIED'],
    ['ENOSPC', 'NO_SPACE'],
    ['EDQUOT', 'NO_SPACE'],
    ['ESTALE', 'GONE'],
  ] as const)(
    '%s is a typed error within 2 s, and the download completes when it is over',
    inLab(async (lab, [code, kind]) => {
      const { made, disk, handle, failures, some } = await prepare(lab)
      await some()
      const failedAtMs = performance.now()
      disk.fail('write', code)
      await until('it is told', () => failures.length > 0)
      const toldMs = performance.now() - failedAtMs
      expect(toldMs).toBeLessThan(2_000)
      expect(failures).toMatchObject([{ name: 'StorageError', code: kind }])
      disk.fail('write', undefined)
      if (handle.view.state === 'failed') handle.control.recheck()
      await until('it is whole', () => handle.view.state === 'seeding')
      expect(await differences(made.path, lab.path('downloads', 'album'))).toEqual([])
      figure(`${code} in a write: ${kind}, told after ${Math.round(toldMs)} ms, completed when it was over, identical`)
    }),
  )
})

it(
  'a flush that fails ends the torrent, claims nothing, and a check of all data mends it',
  inLab(async (lab) => {
    const { made, disk, session, handle, failures, some } = await prepare(lab)
    await some()
    disk.fail('datasync', 'EIO')
    await until('it has failed', () => handle.view.state === 'failed')
    expect(failures).toMatchObject([{ code: 'IO' }])
    disk.fail('datasync', undefined)
    handle.control.recheck()
    await until('it is whole', () => handle.view.state === 'seeding')
    await session.close()
    expect(await differences(made.path, lab.path('downloads', 'album'))).toEqual([])
    figure('EIO in a flush: the torrent failed, a check of all data mended it, identical')
  }),
)

it(
  'a state folder that cannot be written to stops no download',
  inLab(async (lab) => {
    const { made, seeder } = await makeSeeded(lab, files)
    const session = await lab.session({ stateDirectory: lab.path('state') })
    await writeFile(lab.path('state', 'torrents'), 'in its place')
    const peers = [addressOf(seeder)]
    await (
      await session.add({ torrent: made.torrent, directory: lab.path('downloads'), peers })
    ).completed
    await session.close()
    expect(await differences(made.path, lab.path('downloads', 'album'))).toEqual([])
    figure('a state folder that cannot be written: the download went on, identical')
  }),
)

describe.concurrent('a file that others spoil while it is downloaded', () => {
  it.for([
    ['deleted', (path: string) => rmSync(path)],
    ['cut', (path: string) => truncateSync(path, 100_000)],
    ['emptied', (path: string) => truncateSync(path, 0)],
  ] as const)(
    '%s: what is lost is fetched again, also by the next session',
    inLab(async (lab, [how, spoil]) => {
      const { made, seeder, disk, session, handle, some } = await prepare(lab)
      await some()
      await until('the file is there', () => (handle.view.content?.have.count ?? 0) > 40)
      // Between a look at the length and the write after it nobody can tell: docs/DATA.md, "What is not promised".
      await until('no write is under way', () => disk.isIdle())
      spoil(lab.path('downloads', 'album', 'a.bin'))
      await until('it believes to be whole', () => handle.view.state === 'seeding')
      await session.close()
      const next = await lab.session({ plugins: [faultyStorage(faultyDisk())], stateDirectory: lab.path('state') })
      const options = { torrent: made.torrent, directory: lab.path('downloads'), storage: 'faulty' }
      const again = await next.add({ ...options, peers: [addressOf(seeder)] })
      await again.completed
      expect(await differences(made.path, lab.path('downloads', 'album'))).toEqual([])
      figure(`a file is ${how} meanwhile: what was lost came again, identical`)
    }),
  )
})

const reason = noSmallDisk()
if (reason !== undefined) console.log(`integration: skipped the full disk: ${reason}`)

it.skipIf(reason !== undefined)(
  'a full disk that grows: it completes by itself, without a check, and asks for no more than 2 MiB in between',
  inLab(async (lab) => {
    const { made, seeder } = await makeSeeded(lab, { 'a.bin': 6_000_000, 'b.bin': 6_000_000 })
    const disk = await mountSmallDisk(lab.path('disk'), 'size=3m')
    lab.defer(() => disk.unmount())
    const session = await lab.session()
    let [isFull, askedBytes, checks] = [false, 0, 0]
    session.trace((record) => {
      if (record.event === 'pick' && isFull) askedBytes += record.blocks * asked
      if (record.event === 'state' && record.state === 'checking') checks++
    })
    session.hooks.torrentFailed.tap(() => void (isFull = true))
    const peers = [addressOf(seeder)]
    const handle = await session.add({ torrent: made.torrent, directory: disk.path, peers })
    await until('the download is blocked', () => handle.view.state === 'blocked')
    await until('a retry failed as well', () => handle.view.state === 'blocked')
    const inBetween = askedBytes
    disk.remount('size=32m')
    await handle.completed
    figure(
      `ENOSPC, a disk that grows: ${inBetween} bytes newly requested after the first failure, completed by itself, ${checks - 1} rechecks`,
    )
    expect(inBetween).toBeLessThanOrEqual(2 * 1024 ** 2)
    expect(checks).toBe(1)
    expect(handle.view.stats).toMatchObject({ receivedBytes: made.torrent.lengthBytes, wastedBytes: 0 })
    await session.close()
    expect(await differences(made.path, `${disk.path}/album`)).toEqual([])
  }),
)

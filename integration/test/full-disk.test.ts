import type { StorageError } from '@bitloom/core'
import { describe, expect, it } from 'vitest'
import { addressOf, inLab, type Lab, makeSeeded, until } from '../src/lab.js'
import { differences } from '../src/payload.js'
import { mountSmallDisk, noSmallDisk } from '../src/small-disk.js'
import { watchedStorage } from '../src/watched-storage.js'

const reason = noSmallDisk()
if (reason !== undefined) console.log(`integration: skipped the full disk: ${reason}`)

const files = { 'a.bin': 1_500_000, 'b.bin': 1_500_000, 'c.bin': 50_000 }

async function prepare(lab: Lab, diskOptions: string) {
  const { made, seeder } = await makeSeeded(lab, files)
  const disk = await mountSmallDisk(lab.path('disk'), diskOptions)
  lab.defer(() => disk.unmount())
  const { plugin, traffic } = watchedStorage()
  const session = await lab.session({ plugins: [plugin] })
  const failures: Error[] = []
  session.hooks.torrentFailed.tap((error) => void failures.push(error))
  const options = { torrent: made.torrent, directory: disk.path, storage: 'watched', peers: [addressOf(seeder)] }
  const handle = await session.add(options)
  return { made, disk, session, failures, handle, traffic }
}

describe.skipIf(reason !== undefined).concurrent('a disk', () => {
  it(
    'that is full blocks the download, which completes by itself when there is room',
    inLab(async (lab) => {
      const { made, disk, session, failures, handle } = await prepare(lab, 'size=1m')
      const { view } = handle
      let isComplete = false
      void handle.completed.then(() => (isComplete = true))
      await until('the download is blocked', () => view.state === 'blocked')
      const error = view.error as StorageError
      expect(error).toMatchObject({ name: 'StorageError', code: 'NO_SPACE' })
      expect(error.message).toBe(`${error.path}: the disk is full`)
      expect(error.path.startsWith(disk.path)).toBe(true)
      const verified = view.content?.have.count ?? 0
      expect(verified).toBeGreaterThan(10)
      expect(isComplete).toBe(false)

      disk.remount('size=16m')
      await handle.completed
      expect(view).toMatchObject({ state: 'seeding', error: undefined })
      expect(failures).toEqual([error])
      expect(view.stats).toMatchObject({ receivedBytes: made.torrent.lengthBytes, wastedBytes: 0 })
      await session.close()
      expect(await differences(made.path, `${disk.path}/album`)).toEqual([])
    }),
  )

  it(
    'that is full tells it once however often it is tried, and close() is not held up',
    inLab(async (lab) => {
      const { session, failures, handle, traffic } = await prepare(lab, 'size=256k')
      const outcome = handle.completed.catch((error: unknown) => error)
      await until('the download is blocked', () => handle.view.state === 'blocked')
      const blockedAtMs = performance.now()
      let [calls, lastCallMs] = [traffic.writeCalls, 0]
      const sawCall = (): boolean => {
        if (traffic.writeCalls > calls) lastCallMs = performance.now() - blockedAtMs
        calls = traffic.writeCalls
        return lastCallMs > 2_000
      }
      await until('it was tried again', sawCall, 8_000)
      await until('that failed', () => handle.view.state === 'blocked' && handle.view.error !== undefined)
      expect(failures).toHaveLength(1)
      const beganMs = performance.now()
      await session.close()
      expect(performance.now() - beganMs).toBeLessThan(5_000)
      expect(await outcome).toMatchObject({ code: 'CLOSED' })
    }),
  )

  it(
    'that may not be written to blocks the download until it may',
    inLab(async (lab) => {
      const { made, disk, failures, handle } = await prepare(lab, 'size=16m,ro')
      await until('the download is blocked', () => handle.view.state === 'blocked')
      expect(failures).toHaveLength(1)
      expect(failures[0]).toMatchObject({ code: 'DENIED' })
      expect(failures[0]?.message).toMatch(/^\/.*: the file system is read-only$/)
      disk.remount('rw')
      await handle.completed
      expect(failures).toHaveLength(1)
      expect(await differences(made.path, `${disk.path}/album`)).toEqual([])
    }),
  )
})

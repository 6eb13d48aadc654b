import { mkdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { StorageError } from '@bitloom/core'
import { describe, expect, it } from 'vitest'
import { addressOf, inLab, type Lab, makeSeeded, until } from '../src/lab.js'
import { differences } from '../src/payload.js'

const pieceBytes = 32_768
const files = { 'a.bin': 4 * pieceBytes, 'folder/b.bin': 8 * pieceBytes, 'z.bin': 2 * pieceBytes }

async function prepare(lab: Lab) {
  const { made, seeder } = await makeSeeded(lab, files)
  return { made, seeder }
}

describe('a place that cannot be used', () => {
  it.for([
    ['a file in the place of the download folder', 'downloads', 'downloads'],
    ['a file above the download folder', 'downloads', 'downloads/below/it'],
    ["a file in the place of the torrent's folder", 'downloads/album', 'downloads'],
    ['a file in the place of a folder of the torrent', 'downloads/album/folder', 'downloads'],
  ] as const)(
    '%s ends the torrent in one plain error and stays as it is',
    inLab(async (lab, [, obstacle, directory]) => {
      const { made, seeder } = await prepare(lab)
      await mkdir(lab.path(obstacle, '..'), { recursive: true })
      await writeFile(lab.path(obstacle), 'mine')
      const session = await lab.session()
      const failures: StorageError[] = []
      session.hooks.torrentFailed.tap((error) => void failures.push(error as StorageError))
      const options = { torrent: made.torrent, directory: lab.path(directory), peers: [addressOf(seeder)] }
      const { completed, ready, view } = await session.add(options)
      ready.catch(() => {})
      await expect(completed).rejects.toMatchObject({ name: 'StorageError', code: 'GONE' })
      expect(view.state).toBe('failed')
      expect(failures).toHaveLength(1)
      expect(failures[0]?.message).toMatch(/^\/[^:]+: [a-z][^:\n]+$/)
      expect(failures[0]?.path.startsWith(lab.path('downloads'))).toBe(true)
      expect(await readFile(lab.path(obstacle), 'utf8')).toBe('mine')

      // The session is as good as before.
      const other = await lab.make('other', { 'x.bin': 50_000 })
      const again = await session.add({ ...options, torrent: other.torrent, directory: lab.path('elsewhere') })
      await again.ready
      expect(again.view.state).toBe('downloading')
    }),
  )
})

describe.concurrent('data that goes away while it is seeded', () => {
  it.for([
    ['a file is deleted', (path: string) => rm(path)],
    ['a file is cut', (path: string) => truncate(path, 3 * pieceBytes)],
    ['a file is emptied', (path: string) => truncate(path, 0)],
    ['the folder is deleted', (path: string) => rm(join(path, '..'), { recursive: true })],
  ] as const)(
    '%s: nobody is harmed, and what is lost is fetched again',
    inLab(async (lab, [, spoil]) => {
      const { made, seeder } = await prepare(lab)
      // Its own copy, from the seeder; one open file, so that each is opened anew.
      const damaged = await lab.session({ storage: { maxOpenFiles: 1 } })
      const copy = await damaged.add({
        torrent: made.torrent,
        directory: lab.path('copy'),
        peers: [addressOf(seeder)],
      })
      await copy.completed
      await spoil(lab.path('copy', 'album', 'folder', 'b.bin'))

      const rejected: number[] = []
      const leecher = await lab.session()
      leecher.hooks.pieceRejected.tap((piece) => void rejected.push(piece))
      // First from the damaged one only, which itself knows the whole one.
      const handle = await leecher.add({
        torrent: made.torrent,
        directory: lab.path('downloads'),
        peers: [addressOf(damaged)],
      })
      await handle.completed
      expect(rejected).toEqual([])
      expect(await differences(made.path, lab.path('downloads', 'album'))).toEqual([])
      // A file that was open when it was deleted can be read on: a look at all data finds what nobody asked for.
      copy.control.recheck()
      await until('the copy is whole again', () => copy.view.state === 'seeding' && copy.view.stats.leftBytes === 0)
      expect((await stat(lab.path('copy', 'album', 'folder', 'b.bin'))).size).toBe(8 * pieceBytes)
      expect(await differences(made.path, lab.path('copy', 'album'))).toEqual([])
    }),
  )
})

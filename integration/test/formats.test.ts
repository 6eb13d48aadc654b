import { parseTorrent } from '@bitloom/core/node'
import { describe, expect, it } from 'vitest'
import { addressOf, inLab, seed } from '../src/lab.js'
import { differences, filesBelow } from '../src/payload.js'
import { watchedStorage } from '../src/watched-storage.js'
import { openWireTap } from '../src/wire-tap.js'

// No length is a multiple of a piece (32 KiB); some end within the first block of their last piece, some in its last.
const files = {
  'a.bin': 100_001,
  'b.bin': 32_769,
  'empty.bin': 0,
  'folder/c.bin': 16_384,
  'folder/d.bin': 5,
  'z.bin': 250_000,
}
const dataBytes = Object.values(files).reduce((sum, length) => sum + length, 0)

describe('a hybrid torrent', () => {
  it(
    'goes through its v1 swarm both ways, and its padding is never asked for, served or written',
    inLab(async (lab) => {
      const made = await lab.make('album', files, { format: 'hybrid' })
      const { torrent } = made
      expect(torrent.format).toBe('hybrid')
      expect(torrent.files.filter(({ padding }) => padding).length).toBeGreaterThanOrEqual(3)
      expect(torrent.layout.lengthBytes).toBeGreaterThan(dataBytes)

      const [serving, taking] = [watchedStorage(), watchedStorage()]
      const seeder = await lab.session({ plugins: [serving.plugin] })
      await (
        await seeder.add({ torrent, directory: made.directory, storage: 'watched' })
      ).ready
      const tap = await openWireTap(addressOf(seeder))
      lab.defer(() => tap.close())
      const leecher = await lab.session({ plugins: [taking.plugin] })
      const options = { torrent, directory: lab.path('first'), storage: 'watched', peers: [tap.at] }
      const first = await leecher.add(options)
      await first.completed
      expect(await differences(made.path, lab.path('first', 'album'))).toEqual([])

      expect(sum(tap.requests.map(({ lengthBytes }) => lengthBytes))).toBe(dataBytes)
      for (const { piece, begin, lengthBytes } of tap.requests) {
        const dataEnd = torrent.layout.pieceLength(piece) - torrent.layout.zeroTailBytes(piece)
        expect(begin + lengthBytes).toBeLessThanOrEqual(dataEnd)
      }
      expect(first.view.stats).toMatchObject({ receivedBytes: dataBytes, wastedBytes: 0, verifiedBytes: dataBytes })
      expect(serving.traffic.read.serve).toBe(dataBytes)
      expect(taking.traffic.written).toBe(dataBytes)

      // What was downloaded seeds in its turn.
      await seeder.close()
      const second = await lab.session()
      const { completed } = await second.add({ torrent, directory: lab.path('second'), peers: [addressOf(leecher)] })
      await completed
      expect(await filesBelow(lab.path('second'))).toEqual(
        Object.keys(files)
          .map((path) => `album/${path}`)
          .sort(),
      )
      expect(await differences(made.path, lab.path('second', 'album'))).toEqual([])
    }),
  )
})

describe('a v2-only torrent', () => {
  it(
    'parses, and its download ends in an error that says so',
    inLab(async (lab) => {
      const made = await lab.make('album', files, { format: 'v2' })
      const torrent = parseTorrent(made.bytes)
      expect(torrent.format).toBe('v2')
      expect(torrent.infoHashes.v1).toBeUndefined()
      expect(torrent.lengthBytes).toBe(dataBytes)
      expect(torrent.files.filter(({ padding }) => !padding).map(({ path }) => path)).toEqual(
        Object.keys(files).map((path) => `album/${path}`),
      )
      const session = await lab.session()
      const adding = session.add({ torrent, directory: lab.path('downloads') })
      await expect(adding).rejects.toMatchObject({
        code: 'METAINFO_UNSUPPORTED',
        message: 'album is a v2-only torrent: downloading those is not supported yet',
      })
      expect(session.torrents()).toEqual([])
      expect(await filesBelow(lab.path('downloads'))).toEqual([])
      // The session is as good as before.
      const v1 = await lab.make('other', { 'a.bin': 50_000 })
      expect((await seed(session, v1)).state).toBe('seeding')
    }),
  )
})

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

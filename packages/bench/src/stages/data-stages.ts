import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createSession, decode, encodePlain } from '@bitloom/core'
import { createTorrent, nodePorts, parseTorrent, systemHasher } from '@bitloom/core/node'
import { oneFile, writePayload } from '@bitloom/interop/payload'
import { piecePicker } from '@bitloom/piece-picker'
import { resumeFs } from '@bitloom/resume-fs'
import { storageFs } from '@bitloom/storage-fs'
import { writeRecords } from '../../rig/scale/records.js'
import type { Stage } from './stage.js'

const mebibyte = 2 ** 20

/** Extents of one size to a hash worker and back, four under way; both threads count. */
function worker(kibibytes: number): Stage {
  const lengthBytes = kibibytes * 1024
  return {
    name: `hash worker, ${kibibytes} KiB`,
    unit: 'µs',
    per: 'piece',
    reference: 'sha1',
    unitBytes: lengthBytes,
    isThreaded: true,
    start: () => {
      const hasher = systemHasher({ workers: 1 })
      const buffers: Uint8Array[] = Array.from({ length: 4 }, (_, index) => new Uint8Array(lengthBytes).fill(index))
      const expected = createHash('sha1').update(new Uint8Array(lengthBytes).fill(3)).digest('hex')
      const rounds = Math.max(1, Math.floor(4096 / kibibytes / buffers.length))
      const plan = { sha1: true, leaves: false, zeroTailBytes: 0 }
      let id = 0
      const lane = async (at: number): Promise<void> => {
        for (let round = 0; round < rounds; round += 1) {
          const bytes = buffers[at] ?? new Uint8Array(0)
          const answer = await hasher.hash({ id: (id += 1), plan }, bytes, true)
          buffers[at] = answer.bytes
          if (at === 3 && Buffer.from(answer.digests?.sha1 ?? []).toString('hex') !== expected)
            throw new Error('a worker hashed wrongly')
        }
      }
      return {
        units: rounds * buffers.length,
        run: () => Promise.all(buffers.map((_, at) => lane(at))).then(() => {}),
        close: () => hasher.close(),
      }
    },
  }
}

/** A torrent file as bencode: so many files in folders of 100. */
function manyFileTorrent(fileCount: number): Uint8Array {
  const files = Array.from({ length: fileCount }, (_, index) => ({
    length: 100_000,
    path: [`folder ${Math.floor(index / 100)}`, `file-${String(index).padStart(6, '0')}.bin`],
  }))
  const pieceLength = 16 * mebibyte
  const pieces = new Uint8Array(Math.ceil((fileCount * 100_000) / pieceLength) * 20)
  return encodePlain({ info: { files, name: 'many', 'piece length': pieceLength, pieces } })
}

const bencode: Stage = {
  name: 'bencode, 16,000 files',
  unit: 'ms',
  per: 'torrent',
  reference: 'loop',
  start: () => {
    const bytes = manyFileTorrent(16_000)
    return { units: 1, run: () => void decode(bytes) }
  },
}

const metainfo: Stage = {
  name: 'torrent file of 300,000 files',
  unit: 'ms',
  per: 'torrent',
  reference: 'loop',
  start: ({ small }) => {
    const fileCount = small ? 3_000 : 300_000
    const bytes = manyFileTorrent(fileCount)
    return {
      units: 1,
      run: () => {
        const { files } = parseTorrent(bytes)
        if (files.length !== fileCount) throw new Error(`${files.length} files were parsed`)
      },
    }
  },
}

/** A check of data on the disk by a whole session with one hash worker, from `add` until it knows what is there. */
const recheck: Stage = {
  name: 'recheck',
  unit: 'ms',
  per: 'MiB',
  reference: 'sha1',
  unitBytes: mebibyte,
  isThreaded: true,
  start: async ({ folder, small }) => {
    const home = join(folder, 'recheck')
    await mkdir(home)
    const mebibytes = small ? 8 : 256
    await writePayload(home, 'data', oneFile(mebibytes))
    const { torrent } = await createTorrent(join(home, 'data'), { pieceLengthBytes: mebibyte })
    const session = await createSession({
      plugins: [nodePorts({ hashWorkers: 1 }), storageFs(), piecePicker()],
      listen: false,
    })
    return {
      units: mebibytes,
      run: async () => {
        const handle = await session.add({ torrent, directory: home, check: 'full' })
        await handle.ready
        const { count } = handle.view.content?.have ?? { count: 0 }
        if (count !== torrent.layout.pieceCount) throw new Error(`the check found ${count} pieces`)
        await handle.remove()
      },
      close: async () => {
        await session.close()
        rmSync(home, { recursive: true })
      },
    }
  },
}

/** A session with torrents from resume records, until all of them seed, and its end. */
const resumeLoad: Stage = {
  name: 'resume load',
  unit: 'ms',
  per: 'torrent',
  reference: 'loop',
  start: async ({ folder, small }) => {
    const home = join(folder, 'resume-load')
    const torrents = small ? 5 : 200
    const directory = await writeRecords(home, torrents)
    const plugins = [nodePorts(), storageFs(), piecePicker(), resumeFs({ directory })]
    return {
      units: torrents,
      run: async () => {
        const session = await createSession({ plugins, listen: false })
        const handles = await session.restore()
        await Promise.all(handles.map(({ ready }) => ready))
        const seeding = handles.filter(({ view }) => view.state === 'seeding').length
        await session.close()
        if (seeding !== torrents) throw new Error(`${seeding} torrents seed of ${torrents}`)
      },
      close: () => rmSync(home, { recursive: true }),
    }
  },
}

export const dataStages: readonly Stage[] = [
  worker(64),
  worker(256),
  worker(1_024),
  recheck,
  resumeLoad,
  bencode,
  metainfo,
]

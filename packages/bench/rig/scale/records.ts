import { createHash } from 'node:crypto'
import { closeSync, ftruncateSync, mkdirSync, openSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Bits, encodePlain } from '@bitloom/core'
import { fileResumeStore } from '@bitloom/resume-fs'

const pieceCount = 1_000
const pieceLengthBytes = 2 ** 20
const usualPriority = 4

/**
 * Writes resume records, as a session leaves them, of whole torrents below `folder`: a file of 1,000 pieces of 1 MiB each, which is there with its
 * length but takes no room on the disk. Answers the state folder for `resumeFs`.
 */
export async function writeRecords(folder: string, count: number): Promise<string> {
  const [state, data] = [join(folder, 'state'), join(folder, 'data')]
  for (const path of [state, data, join(state, 'torrents')]) mkdirSync(path, { recursive: true, mode: 0o700 })
  const store = fileResumeStore(join(state, 'torrents'), { warn: () => {} })
  const have = Bits.full(pieceCount).toBytes()
  // What is not written reads as zeros.
  const hash = createHash('sha1').update(new Uint8Array(pieceLengthBytes)).digest()
  const pieces = new Uint8Array(Buffer.concat(Array.from({ length: pieceCount }, () => hash)))
  for (let index = 0; index < count; index += 1) {
    const name = `torrent-${String(index).padStart(5, '0')}`
    const lengthBytes = pieceCount * pieceLengthBytes
    const info = encodePlain({ length: lengthBytes, name, 'piece length': pieceLengthBytes, pieces })
    const v1 = createHash('sha1').update(info).digest()
    const modifiedUs = makeFile(join(data, name), lengthBytes)
    await store.put(v1.toString('hex'), {
      infoHashes: { v1: new Uint8Array(v1) },
      name,
      info,
      trackers: [],
      webSeeds: [],
      directory: data,
      storage: 'fs',
      state: 'active',
      have,
      partial: [],
      files: [{ lengthBytes, modifiedUs }],
      priorities: new Uint8Array(pieceCount).fill(usualPriority),
      wantedFiles: Bits.full(1).toBytes(),
      picker: 'rarest-first',
      choker: 'tit-for-tat',
      limits: {},
      queueRank: (index + 1) * 2 ** 20,
      seedingMs: 1_000,
      uploadedBytes: 0,
      downloadedBytes: 0,
    })
  }
  return state
}

/** Answers when it was changed, in microseconds. */
function makeFile(path: string, lengthBytes: number): number {
  const file = openSync(path, 'w')
  ftruncateSync(file, lengthBytes)
  closeSync(file)
  return Math.round(statSync(path).mtimeMs * 1_000)
}

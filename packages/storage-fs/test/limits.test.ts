import { execFileSync } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { contentOf, readPiece, streamBytes, writePiece } from './contents.js'
import { boundStorage, createScratch, rejected, tree } from './scratch.js'

const scratch = createScratch()

/** Mounts a small file system for the time of `run`; or answers why that is not possible here. */
async function onSmallDisk(folder: string, run: () => Promise<void>): Promise<string | undefined> {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', folder], { stdio: 'pipe' })
  } catch (error) {
    return `no tmpfs can be mounted here (${(error as Error).message.split('\n', 1)[0] ?? ''})`
  }
  await run().finally(() => execFileSync('umount', ['-l', folder]))
  return undefined
}

describe('a full disk', () => {
  const content = contentOf([{ path: 'data', lengthBytes: 1_048_576 }], 131_072)

  it('is NO_SPACE within 2 s, loses nothing, and takes the same bytes once there is space', async (context) => {
    const folder = await scratch.folder()
    const reason = await onSmallDisk(folder, async () => {
      const handle = await scratch.open(content, folder)
      expect(await handle.freeBytes?.()).toBeLessThanOrEqual(262_144)
      await writePiece(handle, content, 0)
      const begin = performance.now()
      const failures = await Promise.all([1, 2, 3].map((piece) => rejected(writePiece(handle, content, piece))))
      expect(failures).toContainEqual(
        expect.objectContaining({ code: 'NO_SPACE', path: expect.stringMatching(/data$/), retry: true }),
      )
      expect(performance.now() - begin).toBeLessThan(2_000)
      expect(await readPiece(handle, content, 0)).toEqual(streamBytes(0, 131_072))
      execFileSync('mount', ['-o', 'remount,size=2m', folder])
      for (const piece of [1, 2, 3]) await writePiece(handle, content, piece)
      await handle.sync()
      expect(await readPiece(handle, content, 3)).toEqual(streamBytes(3 * 131_072, 131_072))
      await handle.close()
    })
    if (reason !== undefined) context.skip(reason)
  })
})

describe('5,000 files', () => {
  const shapes = Array.from({ length: 5_000 }, (_, index) => ({ path: `${index % 40}/${index}`, lengthBytes: 900 }))
  const content = contentOf(shapes, 16_384)
  const pieces = Array.from({ length: content.layout.pieceCount }, (_, piece) => piece)

  it('are written, flushed and read with few handles, many calls at a time', async () => {
    const folder = await scratch.folder()
    const handle = await scratch.open(content, folder, { storage: boundStorage({ maxOpenFiles: 16 }) })
    let most = 0
    const before = await openDescriptors()
    const watch = async (piece: number): Promise<void> => {
      await writePiece(handle, content, piece)
      most = Math.max(most, await openDescriptors())
    }
    for (let from = 0; from < pieces.length; from += 50) await Promise.all(pieces.slice(from, from + 50).map(watch))
    // Besides the handles: folders being listed or flushed by this test and the storage.
    expect(most - before).toBeLessThan(16 + 60)
    await handle.sync()
    for (const piece of pieces) {
      const expected = streamBytes(piece * 16_384, content.layout.pieceLength(piece))
      expect(Buffer.from(await readPiece(handle, content, piece)).equals(expected)).toBe(true)
    }
    expect((await tree(folder)).filter((path) => !path.endsWith('/')).length).toBe(5_000)
    await handle.remove?.()
    expect(await tree(folder)).toEqual([])
    expect(await openDescriptors()).toBeLessThanOrEqual(before)
  })
})

/** Open descriptors of this process; 0 where the system does not tell. */
async function openDescriptors(): Promise<number> {
  return (await readdir('/proc/self/fd').catch(() => [])).length
}

import { rm, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { StorageHandle } from '@bitloom/core'
import { contentOf, wantedOf, writePiece } from './contents.js'
import { createScratch } from './scratch.js'

const scratch = createScratch()
const content = contentOf(
  [
    { path: 'a', lengthBytes: 300 },
    { path: 'b', lengthBytes: 200 },
  ],
  100,
)

/** A whole torrent on the disk, and how a fresh look at it differs from what its handle says, file by file. */
async function open() {
  const directory = await scratch.folder()
  const handle = await scratch.open(content, directory)
  for (let piece = 0; piece < 5; piece++) await writePiece(handle, content, piece)
  await handle.sync()
  const path = (name: string): string => join(directory, 'torrent', name)
  const changed = async (): Promise<boolean[]> => {
    const own = await stampsOf(handle)
    const fresh = await stampsOf(await scratch.open(content, directory))
    return own.map((stamp, index) => JSON.stringify(stamp) !== JSON.stringify(fresh[index]))
  }
  return { handle, path, changed, directory }
}

async function stampsOf(handle: StorageHandle) {
  return (await handle.stamps?.()) ?? []
}

describe('the stamps of files', () => {
  it('are as the disk says while nobody else writes, and follow our own writes', async () => {
    const { handle, changed } = await open()
    expect(await stampsOf(handle)).toMatchObject([{ lengthBytes: 300 }, { lengthBytes: 200 }])
    expect(await changed()).toEqual([false, false])
    await writePiece(handle, content, 4)
    expect(await changed()).toEqual([false, false])
  })

  it.each<[string, (path: string) => Promise<void>]>([
    ['is written to', (path) => writeFile(path, new Uint8Array(200).fill(1))],
    ['is cut', (path) => truncate(path, 10)],
    ['is touched', (path) => utimes(path, 1, 1)],
    ['is deleted', (path) => rm(path)],
  ])('tell which file %s by others', async (_how, spoil) => {
    const { handle, path, changed } = await open()
    await stampsOf(handle)
    await spoil(path('b'))
    expect(await changed()).toEqual([false, true])
  })

  it('of a file that was deleted and written anew never fit until it is looked at again', async () => {
    const { handle, path, changed } = await open()
    await rm(path('b'))
    await writePiece(handle, content, 4)
    await handle.sync().catch(() => {})
    await writePiece(handle, content, 4)
    await handle.sync()
    expect(await changed()).toEqual([false, true])
    await handle.present()
    expect(await changed()).toEqual([false, false])
  })

  it('of a file that was cut and written past the cut never fit', async () => {
    const { handle, path, changed } = await open()
    await truncate(path('a'), 0)
    await writePiece(handle, content, 1)
    expect(await changed()).toEqual([true, false])
  })

  it('tell of the side file where it has bytes of a file', async () => {
    const directory = await scratch.folder()
    const shared = contentOf(
      [
        { path: 'a', lengthBytes: 150 },
        { path: 'b', lengthBytes: 250 },
      ],
      100,
    )
    const isWanted = (file: number): boolean => file === 0
    const handle = await scratch.open(shared, directory, { isWanted })
    await writePiece(handle, shared, 1)
    const [, aside] = await stampsOf(handle)
    expect(aside).toBeDefined()
    handle.want?.(wantedOf(shared))
    await handle.sync()
    expect((await stampsOf(handle))[1]).not.toEqual(aside)
  })
})

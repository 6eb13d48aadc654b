import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { StorageHandle } from '@bitloom/core'
import { type FileSystem, systemFiles } from '@bitloom/core/node'
import { describe, expect, it } from 'vitest'
import { fileStorage } from '../src/index.js'
import { manyFiles, readPiece, streamBytes, wantedOf, writePiece } from './contents.js'
import { createScratch, never, rejected, tree } from './scratch.js'

const scratch = createScratch()
const pieces = Array.from({ length: manyFiles.layout.pieceCount }, (_, piece) => piece)
const own = manyFiles.files.map(({ path }) => path)
const renamed = own.map((path, index) => (index === 0 ? 'torrent/first' : path.replace('folder 1', 'new/deep')))
const options = { maxOpenFiles: 4, extentBytes: 1_048_576 }

/** All is there, and file 5 has its bytes in the side file. */
async function full(folder: string, disk?: FileSystem): Promise<StorageHandle> {
  const storage = fileStorage(options, disk)
  const handle = await scratch.open(manyFiles, folder, { storage, isWanted: (file) => file !== 5 })
  for (const piece of pieces) await writePiece(handle, manyFiles, piece)
  await handle.sync()
  return handle
}

async function expectAll(handle: StorageHandle): Promise<void> {
  for (const piece of pieces) {
    expect(await readPiece(handle, manyFiles, piece)).toEqual(
      streamBytes(piece * 100, manyFiles.layout.pieceLength(piece)),
    )
  }
}

describe('rename', () => {
  it('takes files to other names and folders, and leaves no empty ones', async () => {
    const folder = await scratch.folder()
    const handle = await full(folder)
    const count = (await tree(folder)).filter((path) => !path.endsWith('/')).length
    await handle.rename?.(renamed)
    await expectAll(handle)
    const after = await tree(folder)
    expect(after).toEqual(expect.arrayContaining(['torrent/first', 'torrent/new/deep/file 4']))
    expect(after.some((path) => path.includes('folder 1'))).toBe(false)
    expect(after.filter((path) => !path.endsWith('/'))).toHaveLength(count)
  })

  it('of the folder of all files takes the side file along', async () => {
    const folder = await scratch.folder()
    const handle = await full(folder)
    await handle.rename?.(own.map((path) => path.replace('torrent', 'album')))
    await expectAll(handle)
    handle.want?.(wantedOf(manyFiles))
    await handle.sync()
    expect((await tree(folder)).filter((path) => !path.startsWith('album/'))).toEqual([])
  })

  it.for([
    ['a file that is there', 'torrent/first'],
    ['a file that will be made', 'torrent/folder 2/file 5'],
  ])('overwrites nothing, not by %s either', async ([, target]) => {
    const folder = await scratch.folder()
    const storage = fileStorage(options)
    const handle = await scratch.open(manyFiles, folder, { storage })
    await writePiece(handle, manyFiles, 0)
    await handle.sync()
    const taken = join(folder, 'torrent/new name')
    await mkdir(join(folder, 'torrent'), { recursive: true })
    await writeFile(taken, 'mine')
    const index = target === 'torrent/first' ? 0 : 5
    const paths = own.map((path, file) => (file === index ? 'torrent/new name' : path))
    const before = await tree(folder)
    expect(await rejected(handle.rename?.(paths) ?? Promise.resolve())).toMatchObject({ code: 'DENIED', path: taken })
    expect(await readFile(taken, 'utf8')).toBe('mine')
    expect(await tree(folder)).toEqual(before)
    expect(await readPiece(handle, manyFiles, 0)).toEqual(streamBytes(0, 100))
  })
})

/** A disk on which everything fails once so many names and copies were made: what a process that is killed leaves behind. */
function dyingDisk(calls: number, isOtherDevice: boolean): FileSystem {
  let [left, isDead] = [calls, false]
  const dead = (): Error => Object.assign(new Error('EIO: killed'), { code: 'EIO' })
  const counted = (): void => {
    if (left-- <= 0) isDead = true
    if (isDead) throw dead()
  }
  const alive =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      if (isDead) throw dead()
      return call(...args)
    }
  return {
    ...systemFiles,
    rename: async (from, to) => {
      counted()
      if (isOtherDevice && !from.endsWith('.bitloom-copy')) throw Object.assign(new Error('EXDEV'), { code: 'EXDEV' })
      await systemFiles.rename(from, to)
    },
    copyFile: async (from, to, mode) => {
      counted()
      await systemFiles.copyFile(from, to, mode)
    },
    unlink: alive(async (path) => {
      counted()
      await systemFiles.unlink(path)
    }),
    rmdir: alive(systemFiles.rmdir),
    mkdir: alive(systemFiles.mkdir),
  }
}

describe('a move or a renaming that a crash interrupts', () => {
  it.for([
    ['renaming', false, 'there'],
    ['renaming', false, 'back'],
    ['move', false, 'there'],
    ['move', true, 'there'],
    ['move', true, 'back'],
  ] as const)('%s (another device: %s) is ended by the next open, %s', async ([what, isOtherDevice, where]) => {
    let crashes = 0
    for (let calls = 0; ; calls++) {
      const [first, second] = [await scratch.folder(), await scratch.folder()]
      const handle = await full(first, dyingDisk(calls, isOtherDevice))
      const change = what === 'move' ? handle.move?.(second) : handle.rename?.(renamed)
      const hasCrashed = (await rejected(change ?? Promise.resolve())) !== undefined
      crashes += Number(hasCrashed)
      const before = { directory: first, paths: own }
      const after = what === 'move' ? { directory: second, paths: own } : { directory: first, paths: renamed }
      const [here, there] = where === 'there' ? [after, before] : [before, after]
      const files = manyFiles.files.map((file, index) => ({ ...file, path: here.paths[index] ?? file.path }))
      const place = {
        directory: here.directory,
        movedFrom: there,
        wantedFiles: wantedOf(manyFiles, (file) => file !== 5),
      }
      const again = await fileStorage(options).open({ ...manyFiles, files }, place, never)
      expect((await again.present())?.count).toBe(pieces.length)
      await expectAll(again)
      await again.close()
      const paths = [...(await tree(first)), ...(await tree(second))].filter((path) => !path.endsWith('/'))
      expect(paths).toHaveLength(own.length)
      if (!hasCrashed) break
    }
    expect(crashes).toBeGreaterThan(1)
  })

  it('takes no file for its own that has other bytes', async () => {
    const [first, second] = [await scratch.folder(), await scratch.folder()]
    const handle = await full(first)
    await handle.close()
    const taken = join(second, own[4] ?? '')
    await mkdir(join(taken, '..'), { recursive: true })
    await writeFile(taken, 'mine')
    const place = { directory: second, wantedFiles: wantedOf(manyFiles), movedFrom: { directory: first, paths: own } }
    const opening = fileStorage(options).open(manyFiles, place, never)
    expect(await rejected(opening)).toMatchObject({ code: 'DENIED', path: taken })
    expect(await readFile(taken, 'utf8')).toBe('mine')
    expect((await readFile(join(first, own[4] ?? ''))).length).toBe(300)
  })
})

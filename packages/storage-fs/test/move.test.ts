import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { contentOf, manyFiles, readPiece, streamBytes, wantedOf, writePiece } from './contents.js'
import { createScratch, rejected, tree } from './scratch.js'

const scratch = createScratch()
const pieces = Array.from({ length: manyFiles.layout.pieceCount }, (_, piece) => piece)

/** A folder on another device than the temporary folder, where the machine has one. */
async function elsewhere(): Promise<string | undefined> {
  const here = await stat(await scratch.folder())
  for (const candidate of ['/dev/shm', '/run/shm', '/run', process.cwd()]) {
    try {
      if ((await stat(candidate)).dev === here.dev) continue
      const folder = await mkdtemp(join(candidate, 'bitloom-storage-'))
      onTestFinished(() => rm(folder, { recursive: true, force: true }))
      return folder
    } catch {
      // Not on this machine.
    }
  }
  return undefined
}

async function full(folder: string) {
  const handle = await scratch.open(manyFiles, folder, { isWanted: (file) => file !== 5 })
  for (const piece of pieces) await writePiece(handle, manyFiles, piece)
  await handle.sync()
  return handle
}

describe('move', () => {
  it('takes files and side file along, leaves what is not the torrent’s, and goes on there', async () => {
    const [from, to] = [await scratch.folder(), join(await scratch.folder(), 'new', 'folder')]
    const handle = await full(from)
    await writeFile(join(from, 'torrent/folder 0/mine'), 'mine')
    const moved = (await tree(from)).filter((path) => !path.endsWith('mine'))
    await handle.move?.(to)
    expect(await tree(from)).toEqual(['torrent/', 'torrent/folder 0/', 'torrent/folder 0/mine'])
    expect(await tree(to)).toEqual(moved)
    for (const piece of pieces) {
      expect(await readPiece(handle, manyFiles, piece)).toEqual(
        streamBytes(piece * 100, manyFiles.layout.pieceLength(piece)),
      )
    }
    handle.want?.(wantedOf(manyFiles))
    await handle.sync()
    expect((await tree(to)).some((path) => path.endsWith('-parts'))).toBe(false)
  })

  it('knows its files there: one that is deleted then is told of by the sync after the next write', async () => {
    const to = await scratch.folder()
    const handle = await full(await scratch.folder())
    await handle.move?.(to)
    const path = join(to, manyFiles.files[0]?.path ?? '')
    await rm(path)
    await writePiece(handle, manyFiles, 0)
    expect(await rejected(handle.sync())).toMatchObject({ code: 'GONE', path })
    await handle.sync()
  })

  it('holds back calls that come meanwhile', async () => {
    const [from, to] = [await scratch.folder(), await scratch.folder()]
    const handle = await full(from)
    const moving = handle.move?.(to)
    const [bytes] = await Promise.all([readPiece(handle, manyFiles, 3), writePiece(handle, manyFiles, 4), moving])
    expect(bytes).toEqual(streamBytes(300, 100))
    expect((await tree(from)).length).toBe(0)
  })

  it('overwrites nothing: what is in the place of a file is named, and all stays where it was', async () => {
    const [from, to] = [await scratch.folder(), await scratch.folder()]
    const handle = await full(from)
    const before = await tree(from)
    await mkdir(join(to, 'torrent/folder 1'), { recursive: true })
    const taken = join(to, 'torrent/folder 1/file 4')
    await writeFile(taken, 'mine')
    expect(await rejected(handle.move?.(to) ?? Promise.resolve())).toMatchObject({ code: 'DENIED', path: taken })
    expect(await tree(from)).toEqual(before)
    expect(await readFile(taken, 'utf8')).toBe('mine')
    expect(await readPiece(handle, manyFiles, 3)).toEqual(streamBytes(300, 100))
  })

  it('brings back what it moved when it cannot move the rest', async () => {
    const [from, to] = [await scratch.folder(), await scratch.folder()]
    const handle = await full(from)
    const before = await tree(from)
    await mkdir(join(to, 'torrent'))
    await writeFile(join(to, 'torrent/folder 2'), 'a file in the place of a folder')
    expect(await rejected(handle.move?.(to) ?? Promise.resolve())).toMatchObject({ code: 'GONE' })
    expect(await tree(from)).toEqual(before)
    expect(await tree(to)).toEqual(['torrent/', 'torrent/folder 2'])
    for (const piece of pieces)
      expect((await readPiece(handle, manyFiles, piece))[0]).toBe(streamBytes(piece * 100, 1)[0])
  })

  it('copies to another device', async (context) => {
    const to = await elsewhere()
    if (to === undefined) return context.skip('there is no second device')
    const from = await scratch.folder()
    const handle = await full(from)
    await handle.move?.(to)
    expect(await tree(from)).toEqual([])
    expect(await readPiece(handle, manyFiles, 6)).toEqual(streamBytes(600, 100))
  })

  it('to where it is does nothing', async () => {
    const folder = await scratch.folder()
    const content = contentOf([{ path: 'a', lengthBytes: 10 }], 16)
    const handle = await scratch.open(content, folder)
    await writePiece(handle, content, 0)
    await handle.move?.(join(folder, '.'))
    expect(await tree(folder)).toEqual(['torrent/', 'torrent/a'])
  })
})

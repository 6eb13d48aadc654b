import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { StorageHandle } from '@bitloom/core'
import { describe, expect, it } from 'vitest'
import { fileStorage } from '../src/index.js'
import { contentOf, readPiece, streamBytes, wantedOf, writePiece } from './contents.js'
import { createScratch, never, rejected, tree } from './scratch.js'

const scratch = createScratch()
const options = { maxOpenFiles: 4, extentBytes: 1_048_576 }
const content = contentOf(
  [
    { path: 'a', lengthBytes: 250 },
    { path: 'empty', lengthBytes: 0 },
    { path: 'b', lengthBytes: 150 },
  ],
  100,
)
const paths = content.files.map(({ path }) => path)

async function open(directory: string, incompleteSuffix?: string, from?: string): Promise<StorageHandle> {
  const movedFrom = from === undefined ? {} : { movedFrom: { directory, paths, incompleteSuffix: from } }
  const suffix = incompleteSuffix === undefined ? {} : { incompleteSuffix }
  return fileStorage(options).open(
    content,
    { directory, wantedFiles: wantedOf(content), ...suffix, ...movedFrom },
    never,
  )
}

const filesIn = async (folder: string) => (await tree(folder)).filter((path) => !path.endsWith('/'))

describe('the suffix of incomplete files', () => {
  it('goes when a file is whole; files without bytes have none', async () => {
    const folder = await scratch.folder()
    const handle = await open(folder, '.part')
    for (const piece of [0, 1, 2]) await writePiece(handle, content, piece)
    await handle.sync()
    expect(await filesIn(folder)).toEqual(['torrent/a.part', 'torrent/b.part', 'torrent/empty'])
    await handle.complete?.(wantedOf(content, (file) => file === 0))
    expect(await filesIn(folder)).toEqual(['torrent/a', 'torrent/b.part', 'torrent/empty'])
    await writePiece(handle, content, 3)
    for (const piece of [0, 3]) expect(await readPiece(handle, content, piece)).toEqual(streamBytes(piece * 100, 100))
    await handle.close()

    const again = await open(folder, '.part')
    expect((await again.present())?.count).toBe(4)
    for (const piece of [0, 3]) expect(await readPiece(again, content, piece)).toEqual(streamBytes(piece * 100, 100))
    await again.remove?.()
    expect(await tree(folder)).toEqual([])
  })

  it('goes along when files are moved and renamed', async () => {
    const [first, second] = [await scratch.folder(), await scratch.folder()]
    const handle = await open(first, '.part')
    for (const piece of [0, 1, 2, 3]) await writePiece(handle, content, piece)
    await handle.sync()
    await handle.complete?.(wantedOf(content, (file) => file === 0))
    await handle.move?.(second)
    await handle.rename?.(paths.map((path) => path.replace('torrent', 'new')))
    expect(await tree(first)).toEqual([])
    expect(await filesIn(second)).toEqual(['new/a', 'new/b.part', 'new/empty'])
    expect(await readPiece(handle, content, 3)).toEqual(streamBytes(300, 100))
    await handle.close()
  })

  it('stays on a file whose own name something else has, and the others lose it', async () => {
    const folder = await scratch.folder()
    const handle = await open(folder, '.part')
    for (const piece of [0, 1, 2, 3]) await writePiece(handle, content, piece)
    await handle.sync()
    const taken = join(folder, 'torrent', 'a')
    await writeFile(taken, 'mine')
    expect(await rejected(handle.complete?.(wantedOf(content)) ?? Promise.resolve())).toMatchObject({ code: 'DENIED' })
    expect(await filesIn(folder)).toEqual(['torrent/a', 'torrent/a.part', 'torrent/b', 'torrent/empty'])
    expect(await readFile(taken, 'utf8')).toBe('mine')
    expect(await readPiece(handle, content, 0)).toEqual(streamBytes(0, 100))
    await handle.close()
  })

  it('is not given to a file that is found under its own name', async () => {
    const folder = await scratch.folder()
    await mkdir(join(folder, 'torrent'))
    await writeFile(join(folder, 'torrent', 'a'), streamBytes(0, 120))
    const handle = await open(folder, '.part')
    for (const piece of [1, 2]) await writePiece(handle, content, piece)
    expect(await readPiece(handle, content, 0)).toEqual(streamBytes(0, 100))
    await handle.close()
    expect(await filesIn(folder)).toEqual(['torrent/a', 'torrent/b.part'])
  })

  it.for([['.other'], [undefined]])('can be another the next time: %s', async ([next]) => {
    const folder = await scratch.folder()
    const handle = await open(folder, '.part')
    for (const piece of [0, 1, 2, 3]) await writePiece(handle, content, piece)
    await handle.sync()
    await handle.complete?.(wantedOf(content, (file) => file === 0))
    await handle.close()
    const again = await open(folder, next, '.part')
    expect(await filesIn(folder)).toEqual(['torrent/a', `torrent/b${next ?? ''}`, 'torrent/empty'])
    expect(await readPiece(again, content, 3)).toEqual(streamBytes(300, 100))
    await again.close()
  })

  it('is no other file of the torrent', async () => {
    const twins = contentOf(
      [
        { path: 'a', lengthBytes: 100 },
        { path: 'A.part', lengthBytes: 100 },
      ],
      100,
    )
    const folder = await scratch.folder()
    const place = { directory: folder, wantedFiles: wantedOf(twins), incompleteSuffix: '.part' }
    const handle = await fileStorage(options).open(twins, place, never)
    for (const piece of [0, 1]) await writePiece(handle, twins, piece)
    await handle.close()
    expect(await filesIn(folder)).toEqual(['torrent/A.part.part', 'torrent/a'])
  })
})

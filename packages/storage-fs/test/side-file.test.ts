import type { Content } from '@bitloom/core'
import { readFile, stat, symlink, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createSideLayout } from '../src/side-layout.js'
import { contentOf, type FileShape, manyFiles, readPiece, streamBytes, wantedOf, writePiece } from './contents.js'
import { createScratch, rejected, tree } from './scratch.js'

const scratch = createScratch()

const isParts = (path: string): boolean => path.endsWith('.bitloom-parts')

async function filesIn(folder: string): Promise<string[]> {
  return (await tree(folder)).filter((path) => !path.endsWith('/'))
}

describe('slots', () => {
  const pad = (lengthBytes: number): FileShape => ({ path: `.pad/${lengthBytes}`, lengthBytes, padding: true })
  const file = (lengthBytes: number): FileShape => ({ path: `${lengthBytes}`, lengthBytes })

  it.each<[name: string, files: FileShape[], slots: string[]]>([
    ['a single file has none', [file(250)], []],
    ['neighbours within a piece', [file(250), file(250)], ['0: 200+50', '1: 0+50']],
    ['files that end with a piece have none', [file(200), file(100)], []],
    ['a file in the middle has two', [file(50), file(300), file(50)], ['0: 0+50', '1: 0+50', '1: 250+50', '2: 0+50']],
    ['small files are slots', [file(30), file(30), file(30)], ['0: 0+30', '1: 0+30', '2: 0+30']],
    ['a file within one piece and over its end', [file(80), file(40)], ['0: 0+80', '1: 0+20']],
    ['padding is nobody', [file(150), pad(50), file(100)], []],
    ['padding between files of one piece', [file(30), pad(20), file(40)], ['0: 0+30', '2: 0+40']],
    ['files without bytes are nobody', [file(30), file(0), file(70), file(0)], ['0: 0+30', '2: 0+70']],
  ])('%s', (_name, files, expected) => {
    const { slots } = createSideLayout(contentOf(files, 100))
    expect(slots.map((slot) => `${slot.file}: ${slot.offsetBytes}+${slot.lengthBytes}`)).toEqual(expected)
  })

  it('lie behind each other and are found by every byte of them', () => {
    const layout = createSideLayout(manyFiles)
    let at = 0
    for (const slot of layout.slots) {
      expect(slot.at).toBe(at)
      at += slot.lengthBytes
      expect(layout.slotOf(slot.file, slot.offsetBytes)).toBe(slot)
      expect(layout.slotOf(slot.file, slot.offsetBytes + slot.lengthBytes - 1)).toBe(slot)
    }
    expect(layout.slotOf(4, 100)).toBeUndefined()
  })
})

/** A torrent of which file 1 is wanted, and has come: pieces 0 and 1, with the end of file 0 and the begin of file 2. */
async function partial(folder: string, content: Content = shared) {
  const handle = await scratch.open(content, folder, { isWanted: (file) => file === 1 })
  for (const piece of [0, 1]) await writePiece(handle, content, piece)
  return handle
}

const shared = contentOf(
  [
    { path: 'before', lengthBytes: 70 },
    { path: 'wanted', lengthBytes: 100 },
    { path: 'after', lengthBytes: 330 },
  ],
  100,
)

describe('the side file', () => {
  it('keeps the bytes of unwanted files: no stubs, one hidden file beside the data', async () => {
    const folder = await scratch.folder()
    await partial(folder)
    const files = await filesIn(folder)
    expect(files.filter((path) => !isParts(path))).toEqual(['torrent/wanted'])
    expect(files.filter(isParts)).toEqual([expect.stringMatching(/^\.torrent\.[0-9a-f]{8}\.bitloom-parts$/)])
  })

  it('may be the first that is made, in a folder that is not there yet', async () => {
    const folder = join(await scratch.folder(), 'new', 'folder')
    const handle = await scratch.open(shared, folder, { isWanted: (file) => file === 1 })
    await handle.write(0, 0, streamBytes(0, 70))
    expect(await tree(folder)).toEqual([expect.stringContaining('.bitloom-parts')])
  })

  it('is found again by the next run', async () => {
    const folder = await scratch.folder()
    const first = await partial(folder)
    await first.sync()
    await first.close()
    const second = await scratch.open(shared, folder, { isWanted: (file) => file === 1 })
    const present = await second.present()
    expect([0, 1, 2, 3, 4].map((piece) => present?.has(piece))).toEqual([true, true, false, false, false])
    for (const piece of [0, 1]) expect(await readPiece(second, shared, piece)).toEqual(streamBytes(piece * 100, 100))
  })

  it('gives its bytes to files that become wanted, and is gone when it is empty', async () => {
    const folder = await scratch.folder()
    const handle = await partial(folder)
    handle.want?.(wantedOf(shared, (file) => file <= 1))
    await handle.sync()
    expect(await readFile(join(folder, 'torrent/before'))).toEqual(Buffer.from(streamBytes(0, 70)))
    expect((await filesIn(folder)).some(isParts)).toBe(true)
    handle.want?.(wantedOf(shared))
    await handle.sync()
    expect(await filesIn(folder)).toEqual(['torrent/after', 'torrent/before', 'torrent/wanted'])
    expect((await readFile(join(folder, 'torrent/after'))).subarray(0, 30)).toEqual(Buffer.from(streamBytes(170, 30)))
    for (const piece of [0, 1]) expect(await readPiece(handle, shared, piece)).toEqual(streamBytes(piece * 100, 100))
  })

  it('gives its bytes back also when the files are wanted from the start of the next run', async () => {
    const folder = await scratch.folder()
    const first = await partial(folder)
    await first.close()
    const second = await scratch.open(shared, folder)
    expect(await readPiece(second, shared, 0)).toEqual(streamBytes(0, 100))
    await second.sync()
    expect((await filesIn(folder)).some(isParts)).toBe(false)
    expect(await readFile(join(folder, 'torrent/before'))).toEqual(Buffer.from(streamBytes(0, 70)))
  })

  it('keeps what cannot be moved, says so at sync, and moves it when that is possible', async () => {
    const folder = await scratch.folder()
    const handle = await partial(folder)
    await symlink('nowhere', join(folder, 'torrent/after'))
    handle.want?.(wantedOf(shared))
    expect(await rejected(handle.sync())).toMatchObject({ code: 'DENIED', path: join(folder, 'torrent/after') })
    expect(await readPiece(handle, shared, 1)).toEqual(streamBytes(100, 100))
    await unlink(join(folder, 'torrent/after'))
    await handle.sync()
    expect((await stat(join(folder, 'torrent/after'))).size).toBe(30)
    expect(await readPiece(handle, shared, 1)).toEqual(streamBytes(100, 100))
  })

  it('holds back calls while bytes move, so that none sees half of it', async () => {
    const folder = await scratch.folder()
    const handle = await partial(folder)
    const writing = writePiece(handle, shared, 2)
    handle.want?.(wantedOf(shared))
    const reading = Promise.all([0, 1, 2].map((piece) => readPiece(handle, shared, piece)))
    await writing
    expect(Buffer.concat(await reading)).toEqual(Buffer.from(streamBytes(0, 300)))
    await handle.sync()
    expect(await filesIn(folder)).toEqual(['torrent/after', 'torrent/before', 'torrent/wanted'])
  })

  it('of another torrent, or broken, counts as empty', async () => {
    const folder = await scratch.folder()
    const handle = await partial(folder)
    await handle.close()
    const [name = ''] = (await filesIn(folder)).filter(isParts)
    await writeFile(join(folder, name), 'something else that is long enough to hold flags'.repeat(4))
    const again = await scratch.open(shared, folder, { isWanted: (file) => file === 1 })
    expect((await again.present())?.has(0)).toBe(false)
    for (const piece of [0, 1]) await writePiece(again, shared, piece)
    expect(await readPiece(again, shared, 0)).toEqual(streamBytes(0, 100))
  })

  it('goes with remove', async () => {
    const folder = await scratch.folder()
    const handle = await partial(folder)
    await handle.remove?.()
    expect(await tree(folder)).toEqual([])
  })

  it('has a name that fits, whatever the name of the torrent', async () => {
    const folder = await scratch.folder()
    const long = '\u00e9'.repeat(120)
    const content = {
      ...shared,
      files: shared.files.map((file) => ({ ...file, path: file.path.replace('torrent', long) })),
    }
    await partial(folder, content)
    const [name = ''] = (await filesIn(folder)).filter(isParts)
    expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255)
    expect(name.startsWith('.\u00e9\u00e9')).toBe(true)
    expect(name).not.toContain('\ufffd')
  })
})

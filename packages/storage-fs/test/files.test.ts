import { chmod, lstat, mkdir, readFile, rename, rm, stat, symlink, truncate, unlink, writeFile } from 'node:fs/promises'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { contentOf, manyFiles, readPiece, streamBytes, wantedOf, writePiece } from './contents.js'
import { boundStorage, createScratch, modeOf, never, rejected, tree } from './scratch.js'

const scratch = createScratch()

/** Two pieces of 100 bytes in one file in a folder. */
const single = contentOf([{ path: 'folder/data', lengthBytes: 200 }], 100)
const dataPath = 'torrent/folder/data'

/** The modes of files do not hold for root. */
async function asNobody<T>(run: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return run()
  process.seteuid?.(65_534)
  try {
    return await run()
  } finally {
    process.seteuid?.(0)
  }
}

describe('what is made when', () => {
  it('makes nothing before the first write, and then the files it reaches', async () => {
    const folder = await scratch.folder()
    const handle = await scratch.open(manyFiles, join(folder, 'new', 'folder'))
    await handle.present()
    await readPiece(handle, manyFiles, 0)
    await handle.sync()
    expect(await tree(folder)).toEqual([])
    await writePiece(handle, manyFiles, 3)
    expect((await tree(join(folder, 'new', 'folder'))).filter((path) => !path.endsWith('/'))).toEqual([
      'torrent/folder 1/file 4',
    ])
  })

  it('makes sparse files: only what was written takes space', async () => {
    const folder = await scratch.folder()
    const content = contentOf([{ path: 'large', lengthBytes: 5e12 }], 16_777_216)
    const handle = await scratch.open(content, folder)
    await handle.write(content.layout.pieceCount - 1, 0, new Uint8Array(16_384).fill(1))
    const { size, blocks } = await stat(join(folder, 'torrent/large'))
    expect(size).toBeGreaterThan(4.9e12)
    expect(blocks * 512).toBeLessThan(1_000_000)
  })

  it('makes wanted files without bytes with the first sync after a write, no padding and no links', async () => {
    const folder = await scratch.folder()
    const base = contentOf(
      [
        { path: 'a', lengthBytes: 60 },
        { path: '.pad/40', lengthBytes: 40, padding: true },
        { path: 'empty/wanted', lengthBytes: 0 },
        { path: 'empty/unwanted', lengthBytes: 0 },
        { path: 'link', lengthBytes: 0 },
        { path: 'b', lengthBytes: 60 },
      ],
      100,
    )
    const content = {
      ...base,
      files: base.files.map((file) => (file.path === 'torrent/link' ? { ...file, symlink: 'torrent/a' } : file)),
    }
    const handle = await scratch.open(content, folder, { isWanted: (file) => file !== 3 })
    await handle.sync()
    expect(await tree(folder)).toEqual([])
    for (const piece of [0, 1]) await writePiece(handle, content, piece)
    await handle.sync()
    const made = ['torrent/', 'torrent/a', 'torrent/b', 'torrent/empty/', 'torrent/empty/wanted']
    expect(await tree(folder)).toEqual(made)
    handle.want?.(wantedOf(content))
    await handle.sync()
    expect(await tree(folder)).toContain('torrent/empty/unwanted')
  })

  it('gives files the modes of the user, and the executable ones theirs (BEP 47)', async () => {
    const folder = await scratch.folder()
    const content = contentOf(
      [
        { path: 'plain', lengthBytes: 50 },
        { path: 'tool', lengthBytes: 50, executable: true },
      ],
      100,
    )
    const handle = await scratch.open(content, folder)
    await writePiece(handle, content, 0)
    const mask = process.umask()
    expect(await modeOf(join(folder, 'torrent/plain'))).toBe(0o666 & ~mask)
    expect(await modeOf(join(folder, 'torrent/tool'))).toBe(0o777 & ~mask)
  })

  it('tells the free space of a folder that is not there yet', async () => {
    const folder = await scratch.folder()
    const handle = await scratch.open(single, join(folder, 'not', 'there'))
    expect(await handle.freeBytes?.()).toBeGreaterThan(0)
    expect(await tree(folder)).toEqual([])
  })
})

describe('data that is there already', () => {
  it('is kept, offered for checking, and never cut when it is longer', async () => {
    const folder = await scratch.folder()
    await mkdir(join(folder, 'torrent/folder'), { recursive: true })
    const old = Buffer.concat([Buffer.from(streamBytes(0, 200)), Buffer.from('something else')])
    await writeFile(join(folder, dataPath), old)
    const handle = await scratch.open(single, folder)
    expect((await handle.present())?.count).toBe(2)
    expect(await readPiece(handle, single, 1)).toEqual(streamBytes(100, 100))
    await handle.write(1, 0, streamBytes(100, 100))
    await handle.sync()
    expect(await readFile(join(folder, dataPath))).toEqual(old)
  })

  it.each([
    ['no file', undefined, 0],
    ['a file that ends within the first piece', 99, 0],
    ['a file that ends with the first piece', 100, 1],
    ['a file that ends within the last piece', 199, 1],
    ['the whole file', 200, 2],
  ])('%s may hold so many pieces', async (_case, lengthBytes, pieces) => {
    const folder = await scratch.folder()
    if (lengthBytes !== undefined) {
      await mkdir(join(folder, 'torrent/folder'), { recursive: true })
      await writeFile(join(folder, dataPath), new Uint8Array(lengthBytes))
    }
    const handle = await scratch.open(single, folder)
    expect((await handle.present())?.count).toBe(pieces)
  })

  it('of an unwanted file is written in place', async () => {
    const folder = await scratch.folder()
    await mkdir(join(folder, 'torrent/folder 2'), { recursive: true })
    await writeFile(join(folder, 'torrent/folder 2/file 5'), '')
    const handle = await scratch.open(manyFiles, folder, { isWanted: (file) => file === 4 })
    await writePiece(handle, manyFiles, 5)
    expect((await tree(folder)).filter((path) => path.includes('parts') || path.includes('file 5'))).toHaveLength(2)
    expect((await stat(join(folder, 'torrent/folder 2/file 5'))).size).toBe(1)
  })
})

describe('what is not as it should be', () => {
  const place = async (): Promise<string> => {
    const folder = await scratch.folder()
    await mkdir(join(folder, 'torrent/folder'), { recursive: true })
    await mkdir(join(folder, 'elsewhere'))
    await writeFile(join(folder, 'elsewhere/data'), 'precious')
    return folder
  }

  const plants: [name: string, code: string, path: string, plant: (folder: string) => Promise<unknown>][] = [
    [
      'a link in the place of the file',
      'DENIED',
      dataPath,
      (at) => symlink('../../elsewhere/data', join(at, dataPath)),
    ],
    ['a link to nothing', 'DENIED', dataPath, (at) => symlink('../../elsewhere/new', join(at, dataPath))],
    ['a folder in the place of the file', 'GONE', dataPath, (at) => mkdir(join(at, dataPath))],
    ['a named pipe', 'GONE', dataPath, async (at) => execFileSync('mkfifo', [join(at, dataPath)])],
    [
      'a link in the place of its folder',
      'DENIED',
      'torrent/folder',
      async (at) => {
        await rm(join(at, 'torrent/folder'), { recursive: true })
        await symlink('../elsewhere', join(at, 'torrent/folder'))
      },
    ],
    [
      'a link in the place of the first folder',
      'DENIED',
      'torrent',
      async (at) => {
        await rm(join(at, 'torrent'), { recursive: true })
        await symlink('elsewhere', join(at, 'torrent'))
      },
    ],
    [
      'a file in the place of its folder',
      'GONE',
      'torrent/folder',
      async (at) => {
        await rm(join(at, 'torrent/folder'), { recursive: true })
        await writeFile(join(at, 'torrent/folder'), '')
      },
    ],
  ]

  it.each(plants)('%s: %s, and nothing is touched behind it', async (_case, code, path, plant) => {
    const folder = await place()
    await plant(folder)
    const handle = await scratch.open(single, folder)
    const expected = { code, path: join(folder, path), message: expect.stringContaining(join(folder, path)) }
    expect(await rejected(handle.write(0, 0, streamBytes(0, 100)))).toMatchObject(expected)
    expect(await rejected(handle.read(0, 0, [new Uint8Array(100)], 'serve'))).toMatchObject(expected)
    await handle.remove?.()
    expect(await tree(join(folder, 'elsewhere'))).toEqual(['data'])
    expect(await readFile(join(folder, 'elsewhere/data'), 'utf8')).toBe('precious')
  })

  it('a download folder that is a file is refused at open', async () => {
    const folder = await place()
    const opening = scratch.open(single, join(folder, 'elsewhere/data'))
    expect(await rejected(opening)).toMatchObject({ code: 'GONE', path: join(folder, 'elsewhere/data') })
  })

  it('a download folder that is a link is the choice of the user', async () => {
    const folder = await place()
    await symlink('elsewhere', join(folder, 'link'))
    const handle = await scratch.open(single, join(folder, 'link'))
    await writePiece(handle, single, 0)
    expect(await readPiece(handle, single, 0)).toEqual(streamBytes(0, 100))
  })

  it('a folder that cannot be written: DENIED, to be tried again', async () => {
    const folder = await scratch.folder()
    await chmod(folder, 0o555)
    const handle = await scratch.open(single, folder)
    const writing = await asNobody(() => rejected(handle.write(0, 0, streamBytes(0, 100))))
    expect(writing).toMatchObject({ code: 'DENIED', path: join(folder, 'torrent'), retry: true })
    await chmod(folder, 0o755)
    await writePiece(handle, single, 0)
  })

  it('a download folder that vanishes is not made again', async () => {
    const folder = join(await scratch.folder(), 'download')
    const handle = await scratch.open(manyFiles, folder)
    await writePiece(handle, manyFiles, 0)
    await rename(folder, `${folder}.away`)
    const calls = [3, 4, 5, 6].map((piece) => rejected(writePiece(handle, manyFiles, piece)))
    for (const error of await Promise.all(calls)) {
      expect(error).toMatchObject({ code: 'GONE', path: folder, retry: true })
    }
    expect(await rejected(stat(folder))).toMatchObject({ code: 'ENOENT' })
    await rename(`${folder}.away`, folder)
    await writePiece(handle, manyFiles, 6)
  })

  it('a download folder that was there at the start and vanished is not made for a first file', async () => {
    const folder = await scratch.folder()
    const handle = await scratch.open(manyFiles, folder)
    await rename(folder, `${folder}.away`)
    const error = await rejected(writePiece(handle, manyFiles, 0))
    expect(error).toMatchObject({ code: 'GONE', path: folder, retry: true })
    await rename(`${folder}.away`, folder)
    await writePiece(handle, manyFiles, 0)
  })

  it('a file that was deleted: a sync says so, reading what was had too, and it is made again piece by piece', async () => {
    const folder = await scratch.folder()
    const three = contentOf([{ path: 'folder/data', lengthBytes: 300 }], 100)
    const handle = await scratch.open(three, folder)
    for (const piece of [0, 1]) await writePiece(handle, three, piece)
    await unlink(join(folder, dataPath))
    const gone = { code: 'GONE', path: join(folder, dataPath), retry: false }
    expect(await rejected(handle.sync())).toMatchObject(gone)
    expect(await rejected(handle.read(0, 0, [new Uint8Array(100)], 'serve'))).toMatchObject(gone)
    await writePiece(handle, three, 1)
    // The file is long enough again, and what is not written reads as zeros to a check, but never to a peer.
    expect(await rejected(handle.read(0, 0, [new Uint8Array(100)], 'serve'))).toMatchObject(gone)
    expect(await readPiece(handle, three, 0)).toEqual(new Uint8Array(100))
    await handle.read(1, 0, [new Uint8Array(100)], 'serve')
    await handle.sync()
    await writePiece(handle, three, 0)
    await handle.read(0, 0, [new Uint8Array(100)], 'serve')
  })

  it('a file that was cut: reading what was had is an error', async () => {
    const folder = await scratch.folder()
    const handle = await scratch.open(single, folder)
    for (const piece of [0, 1]) await writePiece(handle, single, piece)
    await truncate(join(folder, dataPath), 150)
    await handle.read(0, 0, [new Uint8Array(100)], 'serve')
    const cut = handle.read(1, 0, [new Uint8Array(100)], 'stream')
    expect(await rejected(cut)).toMatchObject({ code: 'GONE', path: join(folder, dataPath) })
  })

  it.each([
    ['deleted', (path: string) => unlink(path)],
    ['cut', (path: string) => truncate(path, 350)],
  ])('a file that was %s and is written again piece by piece: a hole is never taken for data', async (_how, spoil) => {
    const folder = await scratch.folder()
    const shapes = [
      { path: 'folder/data', lengthBytes: 2_000 },
      { path: 'other', lengthBytes: 100 },
    ]
    const many = contentOf(shapes, 100)
    // One open file: the last write leaves the first file closed.
    const handle = await scratch.open(many, folder, { storage: boundStorage({ maxOpenFiles: 1 }) })
    for (let piece = 0; piece <= 20; piece++) await writePiece(handle, many, piece)
    await spoil(join(folder, dataPath))
    // The last first: what is written then leaves a hole before it.
    for (let piece = 19; piece >= 0; piece--) {
      const bytes = new Uint8Array(100)
      const read = (): Promise<void> => handle.read(piece, 0, [bytes], 'serve')
      expect(await rejected(read())).toMatchObject({ code: 'GONE', path: join(folder, dataPath) })
      await writePiece(handle, many, piece)
      await read()
      expect(bytes).toEqual(streamBytes(piece * 100, 100))
    }
  })

  it('an aborted open rejects with the reason', async () => {
    const reason = new Error('enough')
    const folder = await scratch.folder()
    const options = { directory: folder, wantedFiles: wantedOf(single) }
    const opening = boundStorage().open(single, options, AbortSignal.abort(reason))
    expect(await rejected(opening)).toBe(reason)
    expect(never.aborted).toBe(false)
  })
})

describe('remove', () => {
  it('deletes the files of the torrent and the folders that are empty then, nothing else, also after close', async () => {
    const folder = await scratch.folder()
    const handle = await scratch.open(manyFiles, folder, { isWanted: (file) => file !== 5 })
    for (let piece = 0; piece < manyFiles.layout.pieceCount; piece++) await writePiece(handle, manyFiles, piece)
    await handle.sync()
    await writeFile(join(folder, 'torrent/folder 0/mine'), 'mine')
    await writeFile(join(folder, 'other'), 'other')
    await handle.close()
    await handle.remove?.()
    expect(await tree(folder)).toEqual(['other', 'torrent/', 'torrent/folder 0/', 'torrent/folder 0/mine'])
    expect((await lstat(folder)).isDirectory()).toBe(true)
  })
})

describe('options', () => {
  it.each([
    [{ maxOpenFiles: 0 }, 'maxOpenFiles'],
    [{ maxOpenFiles: 1.5 }, 'maxOpenFiles'],
    [{ extentBytes: 16_385 }, 'extentBytes'],
    [{ extentBytes: 0 }, 'extentBytes'],
    [{ size: 1 }, 'size'],
    [{ toString: 1 }, 'toString'],
  ])('%j are refused by name', (options, name) => {
    expect(() => boundStorage(options as never)).toThrow(name)
  })

  it('reach the handle', async () => {
    const storage = boundStorage({ extentBytes: 32_768 })
    expect((await scratch.open(single, await scratch.folder(), { storage })).extentBytes).toBe(32_768)
    expect((await scratch.open(single, await scratch.folder())).extentBytes).toBe(1_048_576)
    expect(storage.name).toBe('fs')
  })
})

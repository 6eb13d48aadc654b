import { type FileSystem, type OpenFile, systemFiles } from '@bitloom/core/node'
import { mkdir, rename, symlink, truncate } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fileStorage } from '../src/file-storage.js'
import { FolderLooks } from '../src/folder-looks.js'
import { openOrCreate } from '../src/safe-open.js'
import { contentOf, wantedOf, writePiece } from './contents.js'
import { createScratch, never, rejected } from './scratch.js'

const scratch = createScratch()

/** The disk of this machine, and which of these calls it got, each with the name of its file. */
function watched(calls: string[]): FileSystem {
  const told = <A extends unknown[], T>(name: string, path: string, call: (...args: A) => T) => {
    return (...args: A): T => {
      calls.push(`${name} ${basename(path)}`)
      return call(...args)
    }
  }
  const opened = (path: string, file: OpenFile): OpenFile => ({
    write: told('write', path, (...args: Parameters<OpenFile['write']>) => file.write(...args)),
    readv: (into, position) => file.readv(into, position),
    datasync: told('datasync', path, () => file.datasync()),
    sync: () => file.sync(),
    stat: told('stat', path, () => file.stat()),
    close: told('close', path, () => file.close()),
  })
  return {
    ...systemFiles,
    stat: (path) => told('stat', path, () => systemFiles.stat(path))(),
    lstat: (path) => told('look', path, () => systemFiles.lstat(path))(),
    open: async (path, flags, mode) => opened(path, await told('open', path, systemFiles.open)(path, flags, mode)),
  }
}

/** Each file is two pieces of 100 bytes. */
const count = 20
const content = contentOf(
  Array.from({ length: count }, (_, index) => ({ path: `a/b/file ${index}`, lengthBytes: 200 })),
  100,
)

describe('calls of the disk', () => {
  it('a torrent with pieces of one file each is opened without opening anything, and looked at file by file', async () => {
    const calls: string[] = []
    const storage = fileStorage({ maxOpenFiles: 1, extentBytes: 16_384 }, watched(calls))
    const folder = await scratch.folder()
    const handle = await scratch.open(content, folder, { storage })
    expect(calls).toEqual([`stat ${basename(folder)}`])
    calls.length = 0
    await handle.present()
    expect(calls, 'in a folder that is missing nothing is looked at').toEqual(['look torrent'])
    await writePiece(handle, content, 0)
    calls.length = 0
    await handle.present()
    expect(calls.filter((call) => call.startsWith('look file'))).toHaveLength(count)
    expect(calls).toHaveLength(count + 1)
  })

  it('a new file is opened, written and closed, and flushed with as few; one that is whole while it is open', async () => {
    const calls: string[] = []
    const storage = fileStorage({ maxOpenFiles: 1, extentBytes: 16_384 }, watched(calls))
    const handle = await scratch.open(content, await scratch.folder(), { storage })
    const ofFile = (index: number): string[] => calls.filter((call) => call.endsWith(` file ${index}`))
    for (const piece of [0, 2, 3, 4]) await writePiece(handle, content, piece)
    expect(ofFile(0).map((call) => call.split(' ', 1)[0])).toEqual(['open', 'write', 'close'])
    // What is still open may have been cut.
    const whole = ['open', 'write', 'stat', 'write', 'datasync', 'stat', 'close']
    expect(ofFile(1).map((call) => call.split(' ', 1)[0])).toEqual(whole)
    calls.length = 0
    await handle.stamps?.()
    await handle.sync()
    expect(ofFile(0).map((call) => call.split(' ', 1)[0])).toEqual(['look', 'open', 'stat', 'datasync'])
    expect(ofFile(1)).toEqual([])
  })

  it('a file that gets its own name is closed under the one that it had', async () => {
    const calls: string[] = []
    const storage = fileStorage({ maxOpenFiles: 64, extentBytes: 16_384 }, watched(calls))
    const wantedFiles = wantedOf(content)
    const place = { directory: await scratch.folder(), wantedFiles, incompleteSuffix: '.part' }
    const handle = await storage.open(content, place, never)
    await writePiece(handle, content, 0)
    await handle.sync()
    calls.length = 0
    await handle.complete?.(wantedFiles)
    expect(calls.filter((call) => call.endsWith('file 0.part'))).toContain('close file 0.part')
    await writePiece(handle, content, 1)
    await handle.close()
    expect(calls.filter((call) => /^(open|close) file 0$/.test(call))).toEqual(['open file 0', 'close file 0'])
  })

  it('their folder is looked at once for torrents that are opened at the same time, and anew for the next', async () => {
    const calls: string[] = []
    const storage = fileStorage({ maxOpenFiles: 1, extentBytes: 16_384 }, watched(calls))
    const folder = await scratch.folder()
    await Promise.all(Array.from({ length: 10 }, () => scratch.open(content, folder, { storage })))
    expect(calls).toEqual([`stat ${basename(folder)}`])
    await scratch.open(content, folder, { storage })
    expect(calls).toHaveLength(2)
  })

  it('a file that was cut while nobody had it open is found by the write that opens it', async () => {
    const folder = await scratch.folder()
    const storage = fileStorage({ maxOpenFiles: 1, extentBytes: 16_384 })
    const handle = await scratch.open(content, folder, { storage })
    for (const piece of [0, 2]) await writePiece(handle, content, piece)
    await handle.sync()
    await writePiece(handle, content, 4)
    await truncate(join(folder, 'torrent/a/b/file 0'), 50)
    await writePiece(handle, content, 1)
    expect(await rejected(handle.sync())).toMatchObject({ code: 'GONE', path: join(folder, 'torrent/a/b/file 0') })
    await handle.sync()
  })

  it('a folder is looked at once for files that are opened within 100 ms, and anew after that', async () => {
    const calls: string[] = []
    const folder = await scratch.folder()
    await mkdir(join(folder, 'a/b'), { recursive: true })
    let nowMs = 0
    const looks = new FolderLooks(() => nowMs)
    const open = async (name: string): Promise<void> => {
      const place = { disk: watched(calls), root: folder, relativePath: `a/b/${name}`, looks }
      const { handle } = await openOrCreate(place, { isExecutable: false, makeRoot: async () => {}, created: () => {} })
      await handle.close()
    }
    for (const name of ['1', '2', '3']) await open(name)
    expect(calls.filter((call) => call.startsWith('look'))).toEqual(['look a', 'look b'])
    await rename(join(folder, 'a'), join(folder, 'elsewhere'))
    await symlink('elsewhere', join(folder, 'a'))
    nowMs = 101
    expect(await rejected(open('4'))).toMatchObject({ code: 'DENIED' })
  })
})

describe('looks at folders', () => {
  it('count while somebody opens a file, and 100 ms at the most', async () => {
    let nowMs = 5_000
    const looks = new FolderLooks(() => nowMs)
    const seen: string[] = []
    const look = (folder: string): Promise<void> => looks.once(folder, async () => void seen.push(`${folder} ${nowMs}`))
    await looks.during(async () => {
      for (const folder of ['a', 'a', 'b', 'a']) await look(folder)
      nowMs = 5_100
      await look('a')
      nowMs = 5_101
      for (const folder of ['a', 'b', 'a']) await look(folder)
      await looks.during(() => look('a'))
      await look('a')
    })
    expect(seen).toEqual(['a 5000', 'b 5000', 'a 5101', 'b 5101'])
    await looks.during(() => look('a'))
    expect(seen).toHaveLength(5)
  })

  it('that failed are not kept', async () => {
    const looks = new FolderLooks(() => 0)
    await looks.during(async () => {
      const failing = (): Promise<void> => Promise.reject(new Error('not there'))
      const both = [looks.once('a', failing), looks.once('a', async () => {})]
      expect((await Promise.allSettled(both)).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
      await looks.once('a', async () => {})
    })
  })
})

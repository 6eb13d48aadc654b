import { type FileSystem, type OpenFile, systemFiles } from '@bitloom/core/node'
import { stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fileStorage } from '../src/file-storage.js'
import { contentOf, writePiece } from './contents.js'
import { createScratch, rejected } from './scratch.js'

const scratch = createScratch()
const content = contentOf([{ path: 'data', lengthBytes: 200 }], 100)

/** The disk of this machine, which asks `before` at each flush of a file, and how many it had. */
function flushing(before: (flush: number) => Promise<void>): { disk: FileSystem; flushes(): number } {
  let flushes = 0
  const opened = (file: OpenFile): OpenFile => ({
    write: (bytes, offset, length, position) => file.write(bytes, offset, length, position),
    readv: (into, position) => file.readv(into, position),
    datasync: async () => {
      await before(++flushes)
      await file.datasync()
    },
    sync: () => file.sync(),
    stat: () => file.stat(),
    close: () => file.close(),
  })
  const open: FileSystem['open'] = async (path, flags, mode) => opened(await systemFiles.open(path, flags, mode))
  return { disk: { ...systemFiles, open }, flushes: () => flushes }
}

async function openOn(disk: FileSystem, folder?: string) {
  const storage = fileStorage({ maxOpenFiles: 4, extentBytes: 16_384 }, disk)
  return scratch.open(content, folder ?? (await scratch.folder()), { storage })
}

/** Settles when somebody calls `open`. */
function gate() {
  let open: () => void = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

const failure = Object.assign(new Error('EIO: on purpose'), { code: 'EIO' })

describe('a small file', () => {
  it('is flushed when it is whole, and not again until it is written again', async () => {
    const { disk, flushes } = flushing(async () => {})
    const handle = await openOn(disk)
    await writePiece(handle, content, 1)
    expect(flushes()).toBe(0)
    await writePiece(handle, content, 0)
    expect(flushes()).toBe(1)
    await handle.sync()
    expect(flushes()).toBe(1)
    await writePiece(handle, content, 0)
    await handle.sync()
    expect(flushes()).toBe(2)
  })

  it('of which that flush fails is told by the next sync, which flushes it again, and by no later one', async () => {
    const { disk, flushes } = flushing((flush) => (flush === 1 ? Promise.reject(failure) : Promise.resolve()))
    const handle = await openOn(disk)
    for (const piece of [0, 1]) await writePiece(handle, content, piece)
    expect(await rejected(handle.sync())).toMatchObject({ code: 'IO', cause: failure })
    expect(flushes()).toBe(2)
    await handle.sync()
  })

  it('that is written again while it is flushed is flushed again', async () => {
    const [begun, held] = [gate(), gate()]
    const { disk, flushes } = flushing(async (flush) => {
      if (flush > 1) return
      begun.open()
      await held.opened
    })
    const handle = await openOn(disk)
    await writePiece(handle, content, 0)
    const whole = writePiece(handle, content, 1)
    await begun.opened
    await writePiece(handle, content, 0)
    held.open()
    await whole
    await handle.sync()
    expect(flushes()).toBe(2)
  })

  it('holds a sync up until its flush is over, and fails it', async () => {
    const [begun, held, again] = [gate(), gate(), gate()]
    const { disk } = flushing(async (flush) => {
      if (flush > 1) return again.open()
      begun.open()
      await held.opened
      throw failure
    })
    const handle = await openOn(disk)
    await writePiece(handle, content, 0)
    const whole = writePiece(handle, content, 1)
    await begun.opened
    let isOver = false
    const syncing = rejected(handle.sync()).finally(() => {
      isOver = true
    })
    await again.opened
    // Its own flush of the file is over long before that.
    for (let call = 0; call < 20; call++) await stat(process.cwd())
    expect(isOver).toBe(false)
    held.open()
    expect(await syncing).toMatchObject({ code: 'IO', cause: failure })
    await whole
  })

  it('that is deleted while it is flushed is told by the next sync', async () => {
    const folder = await scratch.folder()
    const { disk } = flushing(() => unlink(join(folder, 'torrent/data')))
    const handle = await openOn(disk, folder)
    for (const piece of [0, 1]) await writePiece(handle, content, piece)
    expect(await rejected(handle.sync())).toMatchObject({ code: 'GONE' })
    expect(await rejected(handle.read(0, 0, [new Uint8Array(100)], 'serve'))).toMatchObject({ code: 'GONE' })
  })
})

import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { resumeStoreConformance } from '@bitloom/conformance'
import { type FileSystem, systemFiles } from '@bitloom/core/node'
import { afterEach, describe, expect, it } from 'vitest'
import { fileResumeStore } from '../src/index.js'
import { formatRecord } from '../src/protocol.js'
import { makeRecord } from './records.js'

const folders: string[] = []
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bitloom-resume-'))
  folders.push(folder)
  return join(folder, 'state', 'torrents')
}

const silent = { warn: () => {} }
let last = ''

resumeStoreConformance(
  { describe, it },
  {
    title: 'ResumeStore in files',
    store: async () => fileResumeStore((last = await freshFolder()), silent),
    reopen: () => fileResumeStore(last, silent),
  },
)

/** A store, its folder, and what it warns of. */
async function open() {
  const folder = await freshFolder()
  const warnings: unknown[] = []
  const store = fileResumeStore(folder, { warn: (message, fields) => void warnings.push({ message, ...fields }) })
  return { folder, store, warnings, ...makeRecord() }
}

describe('the folder', () => {
  it('is made with the first record, for this user only, and has nothing but records', async () => {
    const { folder, store, key, record } = await open()
    expect(await store.keys()).toEqual([])
    expect(await store.get(key)).toBeUndefined()
    await expect(stat(folder)).rejects.toMatchObject({ code: 'ENOENT' })
    await store.put(key, record)
    expect(await readdir(folder)).toEqual([`${key}.resume`])
    if (process.platform === 'win32') return
    expect((await stat(folder)).mode & 0o777).toBe(0o700)
    expect((await stat(join(folder, '..'))).mode & 0o777).toBe(0o700)
    expect((await stat(join(folder, `${key}.resume`))).mode & 0o777).toBe(0o600)
  })

  it('may hold what is none of ours', async () => {
    const { folder, store, key, record } = await open()
    await store.put(key, record)
    await writeFile(join(folder, 'README'), 'mine')
    await writeFile(join(folder, 'short.resume'), 'mine')
    expect(await store.keys()).toEqual([key])
  })
})

describe('a record that cannot be used', () => {
  it.each([
    ['is damaged', (bytes: Uint8Array) => bytes.fill(0, 100, 110)],
    ['is cut', (bytes: Uint8Array) => bytes.subarray(0, 200)],
    ['is empty', () => new Uint8Array(0)],
    ['is of another torrent', () => formatRecord(makeRecord('other').record)],
    ['is of a program to come', () => new TextEncoder().encode('d8:checksum1:x6:record2:de7:versioni9ee')],
  ])('since it %s is kept aside, told, and not there', async (_how, spoil) => {
    const { folder, store, warnings, key, record } = await open()
    await store.put(key, record)
    const spoilt = spoil(formatRecord(record))
    await writeFile(join(folder, `${key}.resume`), spoilt)
    expect(await store.get(key)).toBeUndefined()
    expect(await readdir(folder)).toEqual([`${key}.resume.bad`])
    expect(new Uint8Array(await readFile(join(folder, `${key}.resume.bad`)))).toEqual(new Uint8Array(spoilt))
    expect(warnings).toMatchObject([{ message: 'a resume record cannot be used', path: join(folder, `${key}.resume`) }])
    await store.put(key, record)
    expect(await store.get(key)).toEqual(record)
  })

  it('since a folder is in its place is not there', async () => {
    const { folder, store, warnings, key } = await open()
    await mkdir(join(folder, `${key}.resume`), { recursive: true })
    expect(await store.get(key)).toBeUndefined()
    expect(warnings).toHaveLength(1)
  })

  it.each(['EACCES', 'EIO', 'EMFILE'])('since the system says %s is not there, and stays', async (code) => {
    const { folder, store, key, record } = await open()
    await store.put(key, record)
    const warnings: unknown[] = []
    const refusing = { ...systemFiles, open: () => Promise.reject(Object.assign(new Error(code), { code })) }
    const refused = fileResumeStore(folder, { warn: (message) => void warnings.push(message) }, refusing)
    expect(await refused.get(key)).toBeUndefined()
    expect(warnings).toHaveLength(1)
    expect(await readdir(folder)).toEqual([`${key}.resume`])
  })
})

it('a put that fails leaves the record before it, and no other file', async () => {
  const { folder, store, key, record } = await open()
  await store.put(key, record)
  await mkdir(join(folder, `${key}.resume.tmp`))
  await expect(store.put(key, { ...record, uploadedBytes: 9 })).rejects.toMatchObject({ code: 'EISDIR' })
  await rm(join(folder, `${key}.resume.tmp`), { recursive: true })
  expect(await store.get(key)).toEqual(record)
  expect(await readdir(folder)).toEqual([`${key}.resume`])
})

it('records that are put together are made durable by one flush of the folder, which began after they all had their names', async () => {
  const { folder, ...made } = await open()
  const records = Array.from({ length: 40 }, (_, index) => makeRecord(`record ${index}`))
  const named: string[] = []
  const flushes: number[] = []
  const disk: FileSystem = {
    ...systemFiles,
    rename: async (from, to) => {
      await systemFiles.rename(from, to)
      named.push(to)
    },
    open: async (path, flags, mode) => {
      const file = await systemFiles.open(path, flags, mode)
      if (path !== folder) return file
      const flush = file.sync.bind(file)
      const sync = async (): Promise<void> => {
        const covers = named.length
        await flush()
        flushes.push(covers)
      }
      return Object.assign(file, { sync })
    },
  }
  const store = fileResumeStore(folder, silent, disk)
  await store.put(made.key, made.record)
  await Promise.all(
    records.map(async ({ key, record }) => {
      await store.put(key, record)
      expect(flushes.at(-1)).toBeGreaterThan(named.indexOf(join(folder, `${key}.resume`)))
    }),
  )
  expect(flushes.length).toBeLessThan(20)
})

it('a key that is no info-hash cannot leave the folder', async () => {
  const { store, record } = await open()
  await expect(store.put('../../x', record)).rejects.toMatchObject({ code: 'RESUME_INVALID' })
})

import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSession, type Metainfo, type Plugin, type Session } from '@bitloom/core'
import { createTorrent, nodePorts } from '@bitloom/core/node'
import piecePicker from '@bitloom/piece-picker'
import storageFs from '@bitloom/storage-fs'
import storageMemory from '@bitloom/storage-memory'
import { afterEach, describe, expect, it } from 'vitest'
import storageEncrypted, { type StorageEncryptedOptions } from '../src/index.js'

const key = '00112233445566778899aabbccddeeff'.repeat(2)
const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'bitloom-encrypted-'))
  endings.push(() => rmSync(path, { recursive: true, force: true }))
  return path
}
const endings: (() => unknown)[] = []
afterEach(async () => {
  for (let end = endings.pop(); end !== undefined; end = endings.pop()) await end()
})

async function open(...plugins: Plugin[]): Promise<Session> {
  const session = await createSession({
    plugins: [nodePorts({ hashWorkers: 0 }), piecePicker(), ...plugins],
    listen: { hosts: ['127.0.0.1'], ports: [0] },
  })
  endings.push(() => session.close())
  return session
}

/** Text that is easy to recognise, in two files, and a plain seed of it. */
async function seeded(): Promise<{
  torrent: Metainfo
  source: string
  peers: { kind: 'ip'; host: string; port: number }[]
}> {
  const source = folder()
  mkdirSync(join(source, 'album'))
  writeFileSync(join(source, 'album/a.txt'), 'recognisable text '.repeat(20_000))
  writeFileSync(join(source, 'album/b.bin'), new Uint8Array(100_003))
  const { torrent } = await createTorrent(join(source, 'album'), { pieceLengthBytes: 32_768 })
  const seeder = await open(storageFs())
  await (
    await seeder.add({ torrent, directory: source })
  ).ready
  return { torrent, source, peers: [{ kind: 'ip', host: '127.0.0.1', port: seeder.addresses[0]?.port ?? 0 }] }
}

const digest = (path: string): string => createHash('sha1').update(readFileSync(path)).digest('hex')

describe('a torrent that is encrypted at rest', () => {
  it('downloads, is no plaintext on disk, is found whole again, and seeds', async () => {
    const { torrent, source, peers } = await seeded()
    const directory = folder()
    const first = await open(storageEncrypted({ key }), storageFs())
    const download = await first.add({ torrent, directory, peers })
    expect(download.view.storage).toBe('encrypted')
    await download.completed
    await first.close()
    for (const name of ['a.txt', 'b.bin']) {
      const stored = readFileSync(join(directory, 'album', name))
      const original = readFileSync(join(source, 'album', name))
      expect(stored.length).toBe(original.length)
      expect(stored.includes('recognisable')).toBe(false)
      let same = 0
      for (let at = 0; at < stored.length; at++) if (stored[at] === original[at]) same++
      // By chance one byte in 256 is the same.
      expect(same / stored.length).toBeLessThan(0.01)
    }

    const again = await open(storageFs(), storageEncrypted({ key, inner: 'fs' }))
    const seed = await again.add({ torrent, directory, storage: 'encrypted', check: 'full' })
    await seed.ready
    expect(seed.view.state).toBe('seeding')
    const port = again.addresses[0]?.port ?? 0
    const copy = folder()
    const reader = await open(storageFs())
    await (
      await reader.add({ torrent, directory: copy, peers: [{ kind: 'ip', host: '127.0.0.1', port }] })
    ).completed
    expect(digest(join(copy, 'album/a.txt'))).toBe(digest(join(source, 'album/a.txt')))
    expect(digest(join(copy, 'album/b.bin'))).toBe(digest(join(source, 'album/b.bin')))
  })

  it('is nothing to who has another key, or none', async () => {
    const { torrent, peers } = await seeded()
    const directory = folder()
    const first = await open(storageEncrypted({ key }), storageFs())
    await (
      await first.add({ torrent, directory, peers })
    ).completed
    await first.close()
    for (const plugin of [[storageEncrypted({ key: 'ff'.repeat(32) })], []]) {
      const other = await open(...plugin, storageFs())
      const found = await other.add({ torrent, directory, check: 'full', paused: true })
      await found.ready
      expect(found.view.content?.have.count).toBe(0)
      await other.close()
    }
  })

  it('lives in memory too', async () => {
    const { torrent, peers } = await seeded()
    const session = await open(storageMemory(), storageEncrypted({ key, inner: 'memory' }))
    const download = await session.add({ torrent, directory: '/', peers, storage: 'encrypted' })
    await download.completed
    download.control.recheck()
    await expect.poll(() => download.view.state, { timeout: 10_000 }).toBe('seeding')
    expect(download.view.stats.leftBytes).toBe(0)
  })

  it('keeps its plugin while it is open, and lets it go afterwards', async () => {
    const { torrent } = await seeded()
    const session = await open(storageEncrypted({ key }), storageFs())
    const held = await session.add({ torrent, directory: folder() })
    await expect(session.remove('storage-encrypted')).rejects.toMatchObject({ code: 'PLUGIN_IN_USE' })
    await held.remove()
    await session.remove('storage-encrypted')
    expect((await session.add({ torrent, directory: folder() })).view.storage).toBe('fs')
  })

  it('needs the storage below it', async () => {
    const { torrent } = await seeded()
    for (const options of [{ key, inner: 'tape' }, { key }]) {
      const session = await open(storageEncrypted(options))
      const { completed } = await session.add({ torrent, directory: folder() })
      await expect(completed).rejects.toThrow(/storage-encrypted needs/)
    }
  })
})

describe('its key', () => {
  it.each([
    ['in a file as bytes', () => Buffer.from(key, 'hex')],
    ['in a file as hex', () => `${key.toUpperCase()}\n`],
    ['in a file in base64', () => Buffer.from(key, 'hex').toString('base64')],
  ])('is the same %s', async (_case, content) => {
    const keyFile = join(folder(), 'key')
    writeFileSync(keyFile, content())
    await open(storageEncrypted({ keyFile, keyCheck: '0e5d5341' }), storageFs())
  })

  it('comes from the environment', async () => {
    process.env['BITLOOM_TEST_KEY'] = key
    endings.push(() => delete process.env['BITLOOM_TEST_KEY'])
    await open(storageEncrypted({ keyEnv: 'BITLOOM_TEST_KEY' }), storageFs())
  })

  it.each<[string, StorageEncryptedOptions, RegExp]>([
    ['is too short', { key: 'abcd' }, /the option key has no key of 32 bytes/],
    [
      'is not the one that is expected',
      { key, keyCheck: '00000000' },
      /another key: its check is [0-9a-f]{8}, not 00000000/,
    ],
    ['is in no file', { keyFile: '/none/at/all' }, /cannot be read: ENOENT/],
    ['is in a folder', { keyFile: tmpdir() }, /cannot be read: EISDIR/],
    ['is in no variable', { keyEnv: 'BITLOOM_NO_SUCH_KEY' }, /BITLOOM_NO_SUCH_KEY has no key/],
  ])('that %s ends the start, and is not said', async (_case, options, message) => {
    const opening = open(storageEncrypted(options), storageFs())
    await expect(opening).rejects.toMatchObject({
      plugin: 'storage-encrypted',
      message: expect.stringMatching(message) as string,
    })
    const said = await opening.catch((error: Error) => error.message)
    expect(said).not.toContain(key)
  })

  it.each<[object, string]>([
    [{}, 'give one of key, keyFile and keyEnv'],
    [{ key, keyFile: 'a' }, 'give one of key, keyFile and keyEnv'],
    [{ key, inner: 'encrypted' }, 'inner: it cannot be its own'],
    [{ key, keyCheck: 'x' }, 'keyCheck: expected 8 hex digits'],
    [{ keys: key }, 'Unrecognized key: "keys"'],
  ])('and the options %#', (options, message) => {
    expect(() => storageEncrypted(options)).toThrow(message)
  })
})

import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTorrent, digest, editTorrent, parseInfo, parseTorrent } from '../src/node/index.js'
import { patterned } from './torrent-fixture.js'

let root: string
let data: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'bitloom-torrent-files-'))
  data = join(root, 'data')
  mkdirSync(join(data, 'sub'), { recursive: true })
  writeFileSync(join(data, 'big'), patterned(2_500_000))
  writeFileSync(join(data, 'sub', 'small'), patterned(10))
  writeFileSync(join(data, '.hidden'), '')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const bare = { noDate: true, noCreatedBy: true } as const

describe('createTorrent', () => {
  it.each(['v1', 'hybrid', 'v2'] as const)('makes %s of a folder', async (format) => {
    const { bytes, torrent, skipped, renamed } = await createTorrent(data, { format })
    expect(parseTorrent(bytes)).toMatchObject({ format, name: 'data', lengthBytes: 2_500_010 })
    const paths = torrent.files.filter((file) => !file.padding).map((file) => file.path)
    expect(paths).toEqual(['data/.hidden', 'data/big', 'data/sub/small'])
    expect([skipped, renamed]).toEqual([[], []])
    expect(torrent.createdBy).toMatch(/^Bitloom\/\d+\.\d+\.\d+/)
    expect(torrent.creationDate).toBeGreaterThan(1_700_000_000)
  })

  it('makes one of a file, with the hashes of its bytes', async () => {
    const { torrent } = await createTorrent(join(data, 'big'), { ...bare, pieceLengthBytes: 2_000_000 })
    const bytes = patterned(2_500_000)
    const hashes = [bytes.subarray(0, 2_000_000), bytes.subarray(2_000_000)].map((piece) => digest('sha1', piece))
    expect(torrent.files.map((file) => file.path)).toEqual(['big'])
    expect(torrent.verifier).toEqual({ kind: 'sha1', hashes: Uint8Array.from(hashes.flatMap((hash) => [...hash])) })
  })

  it('gives the same bytes for the same input without date and program', async () => {
    const first = await createTorrent(data, bare)
    expect((await createTorrent(`${data}/`, bare)).bytes).toEqual(first.bytes)
    expect([first.torrent.createdBy, first.torrent.creationDate]).toEqual([undefined, undefined])
  })

  it('skips links and says so; keeps inner ones when told to', async () => {
    symlinkSync('../big', join(data, 'sub', 'inner'))
    symlinkSync(root, join(data, 'outer'))
    symlinkSync('../../etc', join(data, 'sub', 'upwards'))
    const skipping = await createTorrent(data, bare)
    expect(skipping.skipped.map((entry) => entry.path).sort()).toEqual(['outer', 'sub/inner', 'sub/upwards'])
    expect(skipping.torrent.files).toHaveLength(3)
    const keeping = await createTorrent(data, { ...bare, symlinks: true })
    expect(keeping.skipped.map((entry) => entry.path).sort()).toEqual(['outer', 'sub/upwards'])
    const link = keeping.torrent.files.find((file) => file.path === 'data/sub/inner')
    expect(link).toMatchObject({ lengthBytes: 0, symlink: 'data/big' })
  })

  it('follows the link that it is called with', async () => {
    symlinkSync(data, join(root, 'link'))
    expect((await createTorrent(join(root, 'link'), bare)).torrent.files[1]?.path).toBe('link/big')
  })

  it('tells which files will have other names', async () => {
    writeFileSync(join(data, 'BIG'), 'x')
    writeFileSync(join(data, 'dot.'), 'x')
    expect((await createTorrent(data, bare)).renamed).toEqual([
      { from: 'data/big', to: 'data/big (2)' },
      { from: 'data/dot.', to: 'data/dot' },
    ])
  })

  it('keeps modes only when told to', async () => {
    chmodSync(join(data, 'big'), 0o755)
    expect((await createTorrent(data, bare)).torrent.files[1]?.executable).toBe(false)
    expect((await createTorrent(data, { ...bare, attributes: true })).torrent.files[1]?.executable).toBe(true)
  })

  it('reports what cannot be read with its path', async () => {
    await expect(createTorrent(join(root, 'none'))).rejects.toMatchObject({ code: 'GONE', path: join(root, 'none') })
    await expect(createTorrent('/dev/null')).rejects.toMatchObject({ code: 'IO' })
    mkdirSync(join(root, 'empty'))
    await expect(createTorrent(join(root, 'empty'))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    writeFileSync(Buffer.concat([Buffer.from(`${data}/`), Buffer.from([0x61, 0xff])]), 'x')
    await expect(createTorrent(data)).rejects.toMatchObject({ code: 'IO', path: data })
  })
})

describe('the bound functions', () => {
  it('parse, edit and read an info alone', async () => {
    const { bytes, torrent } = await createTorrent(data, { ...bare, format: 'hybrid' })
    const edited = parseTorrent(editTorrent(bytes, { trackers: [['http://a.example/']], comment: 'x' }))
    expect(edited).toMatchObject({ infoHashes: torrent.infoHashes, comment: 'x', trackers: [['http://a.example/']] })
    expect(parseInfo(torrent.info).infoHashes).toEqual(torrent.infoHashes)
  })
})

import { describe, expect, it } from 'vitest'
import { decodeDocument } from '../src/bytes/decode.js'
import { equalBytes, latin1 } from '../src/bytes/text.js'
import { choosePieceLength, createMetainfo, type CreateOptions } from '../src/metainfo/create.js'
import { fileSpans } from '../src/metainfo/file-spans.js'
import { infoHashHex } from '../src/metainfo/info-hash.js'
import { leavesOf, merkleRoot } from '../src/metainfo/merkle.js'
import type { Metainfo, Verifier } from '../src/metainfo/metainfo.js'
import { parseTorrent } from '../src/metainfo/parse-torrent.js'
import { digest, hashing, patterned, sourceFile } from './torrent-fixture.js'

const kib = 1024
const folder = () => [
  sourceFile('z.bin', 100_000),
  sourceFile('a/b', 70_000, 65_536),
  sourceFile('a/empty', 0),
  sourceFile('a.txt', 5),
  sourceFile('whole', 65_536, 1),
  sourceFile('é', 32 * kib + 1),
]

async function made(sources: ReturnType<typeof folder>, options: Partial<CreateOptions> = {}) {
  const bytes = await createMetainfo(sources, hashing, { name: 'data', pieceLengthBytes: 64 * kib, ...options })
  return { bytes, torrent: parseTorrent(bytes, digest) }
}

/** The bytes of a piece as its verifier wants them, from sources by path. */
function pieceData(torrent: Metainfo, piece: number, lengthBytes: number, data: ReadonlyMap<string, Uint8Array>) {
  const bytes = new Uint8Array(lengthBytes)
  let at = 0
  for (const span of fileSpans(torrent, piece, 0, lengthBytes)) {
    const content = data.get(torrent.files[span.file]?.path ?? '')
    if (content !== undefined) bytes.set(content.subarray(span.offsetBytes, span.offsetBytes + span.lengthBytes), at)
    at += span.lengthBytes
  }
  return bytes
}

function isGood(verifier: Verifier, piece: number, bytes: Uint8Array): boolean {
  if (verifier.kind === 'sha1')
    return equalBytes(digest('sha1', bytes), verifier.hashes.slice(piece * 20, piece * 20 + 20))
  const expected = verifier.expected(piece)
  if (expected === undefined) return false
  return equalBytes(merkleRoot(leavesOf(bytes, digest), expected.leafCount, digest), expected.root)
}

/** For each piece whether its data is good and changed data is not. */
function verified(torrent: Metainfo, verifier: Verifier, sources: ReturnType<typeof folder>): boolean[] {
  const data = new Map(sources.map((source) => [['data', ...source.path].join('/'), source.data]))
  return Array.from({ length: torrent.layout.pieceCount }, (_, piece) => {
    const tail = verifier.kind === 'merkle' ? torrent.layout.zeroTailBytes(piece) : 0
    const bytes = pieceData(torrent, piece, torrent.layout.pieceLength(piece) - tail, data)
    const good = isGood(verifier, piece, bytes)
    bytes[0] = (bytes[0] ?? 0) ^ 1
    return good && !isGood(verifier, piece, bytes)
  })
}

describe.each(['v1', 'hybrid', 'v2'] as const)('createMetainfo %s', (format) => {
  it.each([
    ['a folder', folder()],
    ['one file of many pieces', [sourceFile('', 300_000)]],
    ['one file of one piece', [sourceFile('', 40_000)]],
    ['a file of whole pieces', [sourceFile('', 4 * 64 * kib)]],
    ['one byte', [sourceFile('', 1)]],
  ])('%s: every piece verifies, and changed data does not', async (_, sources) => {
    const { torrent } = await made(sources, { format })
    expect(torrent.format).toBe(format)
    for (const verifier of [torrent.verifier, torrent.merkle ?? torrent.verifier]) {
      const results = verified(torrent, verifier, sources)
      expect(results.length).toBeGreaterThan(0)
      expect(results.every(Boolean)).toBe(true)
    }
  })

  it('gives the same bytes whatever the order and the chunks', async () => {
    const [first, second] = [await made(folder(), { format }), await made(folder().toReversed(), { format })]
    expect(second.bytes).toEqual(first.bytes)
    const chunked = folder().map((source) => sourceFile(source.path.join('/'), source.lengthBytes, 777))
    expect((await made(chunked, { format })).bytes).toEqual(first.bytes)
  })

  it('puts files in the order of their raw paths and writes canonical bencode', async () => {
    const { bytes, torrent } = await made(folder(), { format, private: true, source: 's', comment: 'é' })
    const stored = torrent.files.filter((file) => !file.padding).map((file) => file.path)
    expect(stored).toEqual(['a/b', 'a/empty', 'a.txt', 'whole', 'z.bin', 'é'].map((path) => `data/${path}`))
    expect(decodeDocument(bytes).canonicalKeys).toBe(true)
    expect(torrent).toMatchObject({ private: true, source: 's', comment: 'é', lengthBytes: 268_310 })
  })

  it('begins every file at a piece, unless v1', async () => {
    const { torrent } = await made(folder(), { format })
    const offsets = torrent.files
      .filter((file) => !file.padding && file.lengthBytes > 0)
      .map((file) => file.offsetBytes)
    expect(offsets.some((offset) => offset % (64 * kib) !== 0)).toBe(format === 'v1')
    expect(torrent.files.some((file) => file.padding)).toBe(format !== 'v1')
    expect(torrent.files.at(-1)?.padding).toBe(false)
  })

  it('keeps attributes and links', async () => {
    const link = { ...sourceFile('link', 0), symlink: ['a', 'b'] }
    const { torrent } = await made([{ ...sourceFile('a/b', 5), executable: true, hidden: true }, link], { format })
    expect(torrent.files[0]).toMatchObject({ executable: true, hidden: true })
    expect(torrent.files.at(-1)).toMatchObject({ path: 'data/link', symlink: 'data/a/b' })
    const single = await made([{ ...sourceFile('', 5), executable: true }], { format })
    expect(single.torrent.files[0]?.executable).toBe(true)
  })
})

describe('createMetainfo', () => {
  it('writes what announces the torrent', async () => {
    const { bytes, torrent } = await made([sourceFile('', 5)], {
      trackers: [['http://a.example/', 'udp://b.example:1'], [], ['http://c.example/']],
      webSeeds: ['http://w.example/'],
      createdBy: 'test/1',
      creationDate: 1_700_000_000,
    })
    expect(torrent).toMatchObject({
      trackers: [['http://a.example/', 'udp://b.example:1'], ['http://c.example/']],
      webSeeds: ['http://w.example/'],
      createdBy: 'test/1',
      creationDate: 1_700_000_000,
    })
    expect(latin1(bytes).startsWith('d8:announce17:http://a.example/13:announce-list')).toBe(true)
  })

  it('writes no list for one tracker, and nothing that was not asked for', async () => {
    const { bytes } = await made([sourceFile('', 5)], { trackers: [['http://a.example/']] })
    expect([...decodeDocument(bytes).spans.keys()]).toEqual(['announce', 'info'])
  })

  it('tells of its progress', async () => {
    const steps: [number, number][] = []
    await made(folder(), { onProgress: (done, total) => steps.push([done, total]) })
    expect(steps.at(-1)).toEqual([268_310, 268_310])
    expect(steps.every(([done], index) => done > (steps[index - 1]?.[0] ?? 0))).toBe(true)
  })

  it('stops when it is told to', async () => {
    const abort = new AbortController()
    const creating = made(folder(), { signal: abort.signal, onProgress: () => abort.abort(new Error('enough')) })
    await expect(creating).rejects.toThrow('enough')
  })

  it.each<[string, () => ReturnType<typeof folder>, Partial<CreateOptions>, string]>([
    ['no files', () => [], {}, 'INVALID_ARGUMENT'],
    ['no data', () => [sourceFile('a', 0)], {}, 'INVALID_ARGUMENT'],
    ['a path twice', () => [sourceFile('a', 1), sourceFile('a', 2)], {}, 'INVALID_ARGUMENT'],
    ['a file that is a folder', () => [sourceFile('a', 1), sourceFile('a/b', 2)], {}, 'INVALID_ARGUMENT'],
    ['a single file among others', () => [sourceFile('', 1), sourceFile('b', 2)], {}, 'INVALID_ARGUMENT'],
    ['a path upwards', () => [sourceFile('../a', 1)], {}, 'INVALID_ARGUMENT'],
    ['an empty part', () => [sourceFile('a//b', 1)], {}, 'INVALID_ARGUMENT'],
    ['an empty name', () => [sourceFile('a', 1)], { name: '' }, 'INVALID_ARGUMENT'],
    ['a name with a slash', () => [sourceFile('a', 1)], { name: 'a/b' }, 'INVALID_ARGUMENT'],
    ['piece length 0', () => [sourceFile('', 1)], { pieceLengthBytes: 0 }, 'INVALID_ARGUMENT'],
    ['a huge piece length', () => [sourceFile('', 1)], { pieceLengthBytes: 2 ** 29 }, 'INVALID_ARGUMENT'],
    [
      'a v2 piece length of 8 KiB',
      () => [sourceFile('', 1)],
      { pieceLengthBytes: 8192, format: 'v2' },
      'INVALID_ARGUMENT',
    ],
    ['one of 48 KiB', () => [sourceFile('', 1)], { pieceLengthBytes: 49_152, format: 'hybrid' }, 'INVALID_ARGUMENT'],
    ['too many pieces', () => [sourceFile('', 2 ** 21 + 1)], { pieceLengthBytes: 1 }, 'INVALID_ARGUMENT'],
    ['a tracker that is none', () => [sourceFile('', 1)], { trackers: [['x']] }, 'INVALID_ARGUMENT'],
    ['a web seed that is none', () => [sourceFile('', 1)], { webSeeds: ['x'] }, 'INVALID_ARGUMENT'],
    ['a broken date', () => [sourceFile('', 1)], { creationDate: 1.5 }, 'INVALID_ARGUMENT'],
    ['a file that shrank', () => [{ ...sourceFile('a', 5), lengthBytes: 6 }], {}, 'GONE'],
    ['a file that grew', () => [{ ...sourceFile('a', 5), lengthBytes: 4 }], {}, 'GONE'],
  ])('refuses %s', async (_, sources, options, code) => {
    await expect(made(sources(), options)).rejects.toMatchObject({ code })
  })
})

describe('info-hashes that libtorrent 2.0.8 gives for the same files', () => {
  const a = { ...sourceFile('', 40_000), data: patterned(40_000, 1) }
  const b = { ...sourceFile('b', 100), data: patterned(100, 2) }
  const reading = <T extends { data: Uint8Array }>(source: T) => ({
    ...source,
    async *read() {
      yield source.data
    },
  })
  const hashesOf = async (sources: ReturnType<typeof folder>, name: string, format: 'v1' | 'hybrid' | 'v2') =>
    infoHashHex((await made(sources, { name, format, pieceLengthBytes: 16_384 })).torrent.infoHashes)

  it('one file', async () => {
    expect(await hashesOf([reading(a)], 'a', 'v1')).toEqual({ v1: 'a75751c26599595fd4c94f002eb5dc5355d647d3' })
    expect(await hashesOf([reading(a)], 'a', 'hybrid')).toEqual({
      v1: '264f6b26972662b1edf9008b3bd9bb2f43f457af',
      v2: 'd06f816c7d46d260b92ee4ef76b3c0519ae723da4bddc828ca53f30877cf6d04',
    })
    expect(await hashesOf([reading(a)], 'a', 'v2')).toEqual({
      v2: '70365dd07c3177c8261cd5614195c87930e9130b3fc6516706094a015b520e42',
    })
  })

  it('a folder', async () => {
    const sources = [reading({ ...a, path: ['a'] }), reading(b)]
    const v2 = 'dc3f7ee5c3b06a7b31c8a77d5f1c087265222bb475593e89fb6962449f49bd00'
    expect(await hashesOf(sources, 'data', 'v2')).toEqual({ v2 })
  })
})

describe('choosePieceLength', () => {
  const mib = kib * kib
  it.each([
    [1, 16 * kib],
    [30 * mib, 16 * kib],
    [700 * mib, 512 * kib],
    [4 * 1024 * mib, 4 * mib],
    [1024 * 1024 * mib, 16 * mib],
    [2 ** 47, 64 * mib],
  ])('of %i bytes is %i', (length, expected) => {
    expect(choosePieceLength(length)).toBe(expected)
  })
})

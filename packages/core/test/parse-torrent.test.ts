import { describe, expect, it } from 'vitest'
import { BencodeError, MetainfoError, PathError } from '../src/bytes/errors.js'
import { latin1Bytes, toHex } from '../src/bytes/text.js'
import { parseInfo, parseTorrent } from '../src/metainfo/parse-torrent.js'
import { dict, digest, thrown, timed, torrentOf, v1Info, type V1File } from './torrent-fixture.js'

const parse = (bytes: Uint8Array) => parseTorrent(bytes, digest)
const kib = 1024

describe('parseTorrent, one file', () => {
  const info = v1Info(100_000, 32 * kib, { name: 'a file.bin', private: 1, source: 'here' })
  const torrent = parse(
    torrentOf(info, {
      announce: 'http://t.example/announce',
      comment: 'no comment',
      'created by': 'test/1',
      'creation date': 1_700_000_000,
      'url-list': 'http://w.example/a',
      httpseeds: ['http://old.example/'],
    }),
  )

  it('has the name as path', () => {
    expect(torrent).toMatchObject({ name: 'a file.bin', format: 'v1', lengthBytes: 100_000, private: true })
    expect(torrent.files).toEqual([
      { path: 'a file.bin', lengthBytes: 100_000, offsetBytes: 0, padding: false, executable: false, hidden: false },
    ])
    expect(torrent.layout.pieceCount).toBe(4)
  })

  it('has what surrounds the info', () => {
    expect(torrent).toMatchObject({
      trackers: [['http://t.example/announce']],
      webSeeds: ['http://w.example/a'],
      comment: 'no comment',
      createdBy: 'test/1',
      creationDate: 1_700_000_000,
      source: 'here',
    })
  })

  it('is frozen', () => {
    expect(Object.isFrozen(torrent) && Object.isFrozen(torrent.files) && Object.isFrozen(torrent.files[0])).toBe(true)
  })
})

describe('parseTorrent, many files', () => {
  it('lays them in order below the name, padding left out of the length', () => {
    const torrent = parse(
      torrentOf(
        v1Info(
          [
            { path: ['sub', 'a'], length: 10, attr: 'x' },
            { path: ['.pad', '6'], length: 6, attr: 'p' },
            { path: ['empty'], length: 0, attr: 'h' },
            { path: ['link'], length: 0, attr: 'l', extra: { 'symlink path': ['sub', 'a'] } },
            { length: 3, attr: 'p' },
            { path: ['b'], length: 20 },
          ],
          16,
          { name: 'folder' },
        ),
      ),
    )
    const rows = torrent.files.map((file) => [file.path, file.offsetBytes, file.lengthBytes, file.padding])
    expect(rows).toEqual([
      ['folder/sub/a', 0, 10, false],
      ['folder/.pad/6', 10, 6, true],
      ['folder/empty', 16, 0, false],
      ['folder/link', 16, 0, false],
      ['folder/.pad/3', 16, 3, true],
      ['folder/b', 19, 20, false],
    ])
    expect(torrent.lengthBytes).toBe(30)
    expect(torrent.layout.zeroTailBytes(0)).toBe(6)
    expect([torrent.files[0]?.executable, torrent.files[2]?.hidden]).toEqual([true, true])
    expect(torrent.files[3]?.symlink).toBe('folder/sub/a')
  })

  it('prefers the utf-8 forms of name and path', () => {
    const latin = latin1Bytes('caf\xe9')
    const info = v1Info([{ path: [latin], length: 1, extra: { 'path.utf-8': ['café.txt'] } }], 16, {
      name: latin,
      'name.utf-8': 'café',
    })
    expect(parse(torrentOf(info)).files[0]?.path).toBe('café/café.txt')
  })

  it('repairs names instead of refusing them', () => {
    const names = [
      ['..', '..', 'etc', 'passwd'],
      ['..'],
      ['', 'a'],
      ['con.txt'],
      [latin1Bytes('\xff\xfe')],
      ['a'],
      ['A'],
    ]
    const files = names.map((path): V1File => ({ path, length: 1 }))
    const torrent = parse(torrentOf(v1Info(files, 16, { name: '../x' })))
    expect(torrent.files.map((file) => file.path)).toEqual([
      '.._x/etc/passwd',
      '.._x/_',
      '.._x/a',
      '.._x/_con.txt',
      '.._x/\ufffd\ufffd',
      '.._x/a (2)',
      '.._x/A (3)',
    ])
  })
})

describe('info-hash', () => {
  it('is over the raw bytes, also when keys are unsorted, equal or unknown', () => {
    const pieces = `20:${'\0'.repeat(20)}`
    const raw = `d6:pieces${pieces}4:name1:x6:lengthi1e6:lengthi5e12:piece lengthi16e3:newlee`
    const torrent = parse(latin1Bytes(`d4:info${raw}8:announce0:e\n`))
    expect(torrent.infoHashes.v1).toEqual(digest('sha1', latin1Bytes(raw)))
    expect(torrent.infoHashes.v2).toBeUndefined()
    expect(torrent.info).toEqual(latin1Bytes(raw))
    expect(torrent.lengthBytes).toBe(5)
  })

  it('is the known one of a known torrent', () => {
    const raw = 'd6:lengthi12e4:name9:hello.txt12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaae'
    const torrent = parseInfo(latin1Bytes(raw), digest, { trackers: [['udp://t.example:1']] })
    expect(toHex(torrent.infoHashes.v1 ?? new Uint8Array())).toBe(toHex(digest('sha1', latin1Bytes(raw))))
    expect(torrent.trackers).toEqual([['udp://t.example:1']])
    expect(torrent.verifier).toEqual({ kind: 'sha1', hashes: latin1Bytes('a'.repeat(20)) })
  })
})

describe('trackers', () => {
  const tiers = (around: Parameters<typeof torrentOf>[1]) => parse(torrentOf(v1Info(1, 16), around)).trackers

  it('come from announce-list, each once, without what is no URL', () => {
    const list = [
      ['http://a.example/x', 'udp://b.example:80', 'http://a.example/x', 'not a url'],
      [],
      ['udp://b.example:80'],
      [' wss://c.example/ ', 'mailto:x@y', 'http://', 'http://bad host/'],
      'http://d.example/',
    ]
    expect(tiers({ 'announce-list': list, announce: 'http://ignored.example/' })).toEqual([
      ['http://a.example/x', 'udp://b.example:80'],
      ['wss://c.example/'],
      ['http://d.example/'],
    ])
  })

  it('come from announce when the list says nothing', () => {
    const announce = 'http://a.example/'
    expect(tiers({ announce })).toEqual([[announce]])
    expect(tiers({ announce, 'announce-list': [] })).toEqual([[announce]])
    expect(tiers({ announce, 'announce-list': [['?']] })).toEqual([[announce]])
    expect(tiers({ announce, 'announce-list': 5 })).toEqual([[announce]])
    expect(tiers({ announce: 7 })).toEqual([])
    expect(tiers({})).toEqual([])
  })

  it('keeps web seeds of a list', () => {
    const around = { 'url-list': ['http://a.example/', 5, '', 'http://a.example/', 'ftp://b.example/f'] }
    expect(parse(torrentOf(v1Info(1, 16), around)).webSeeds).toEqual(['http://a.example/', 'ftp://b.example/f'])
  })
})

describe('parseTorrent refuses', () => {
  const file = (changes: V1File): V1File[] => [{ path: ['a'], length: 1, ...changes }]
  const half = 2 ** 47
  it.each<[string, () => Map<string, unknown>, string]>([
    ['no piece length', () => v1Info(1, 16, { 'piece length': undefined }), 'METAINFO_INVALID'],
    ['piece length 0', () => v1Info(1, 16, { 'piece length': 0 }), 'METAINFO_INVALID'],
    ['piece length -1', () => v1Info(1, 16, { 'piece length': -1 }), 'METAINFO_INVALID'],
    ['a piece length over the limit', () => v1Info(1, 536_854_529), 'METAINFO_INVALID'],
    ['a piece length of text', () => v1Info(1, 16, { 'piece length': '16' }), 'METAINFO_INVALID'],
    ['no pieces', () => v1Info(1, 16, { pieces: undefined }), 'METAINFO_INVALID'],
    ['pieces of 19 bytes', () => v1Info(1, 16, { pieces: new Uint8Array(19) }), 'METAINFO_INVALID'],
    ['a hash too many', () => v1Info(1, 16, { pieces: new Uint8Array(40) }), 'METAINFO_INVALID'],
    ['a hash too few', () => v1Info(17, 16, { pieces: new Uint8Array(20) }), 'METAINFO_INVALID'],
    ['no length', () => v1Info(1, 16, { length: undefined }), 'METAINFO_INVALID'],
    ['a negative length', () => v1Info(1, 16, { length: -1 }), 'METAINFO_INVALID'],
    ['length 0', () => v1Info(0, 16), 'METAINFO_INVALID'],
    ['a length over 2^48 - 1', () => v1Info(1, 16, { length: 2 ** 48 }), 'METAINFO_INVALID'],
    ['lengths whose sum is', () => v1Info(file({}), 16, { files: bigFiles(half) }), 'METAINFO_INVALID'],
    ['a negative file length', () => v1Info(file({ length: -1 }), 16), 'METAINFO_INVALID'],
    ['a file without length', () => v1Info([{ path: ['a'] }], 16), 'METAINFO_INVALID'],
    ['nothing but empty files', () => v1Info(file({ length: 0 }), 16), 'METAINFO_INVALID'],
    ['nothing but padding', () => v1Info(file({ attr: 'p' }), 16), 'METAINFO_INVALID'],
    ['an empty file list', () => v1Info([], 16), 'METAINFO_INVALID'],
    ['files of text', () => v1Info(1, 16, { files: 'x' }), 'METAINFO_INVALID'],
    ['a file of text', () => v1Info(1, 16, { files: ['x'] }), 'METAINFO_INVALID'],
    ['2^21 + 1 pieces', () => v1Info((2 ** 21 + 1) * 16, 16), 'METAINFO_LIMIT'],
    ['endless padding', () => v1Info(1, 1, { files: [dict({ length: 2 ** 47, attr: 'p' })] }), 'METAINFO_INVALID'],
    ['a later meta version', () => v1Info(1, 16, { 'meta version': 3 }), 'METAINFO_UNSUPPORTED'],
    ['no name', () => v1Info(1, 16, { name: undefined }), 'PATH_INVALID'],
    ['an empty name', () => v1Info(1, 16, { name: '' }), 'PATH_INVALID'],
    ['a name of another type', () => v1Info(1, 16, { name: 5 }), 'PATH_INVALID'],
    ['a file without path', () => v1Info([{ length: 1 }], 16), 'PATH_INVALID'],
    ['an empty path', () => v1Info(file({ path: [] }), 16), 'PATH_INVALID'],
    ['a path of empty parts', () => v1Info(file({ path: ['', ''] }), 16), 'PATH_INVALID'],
    ['a path of text', () => v1Info(file({ path: 'a' }), 16), 'PATH_INVALID'],
    ['a path with a number', () => v1Info(file({ path: [1] }), 16), 'PATH_INVALID'],
    ['a mistyped symlink', () => v1Info(file({ attr: 'l', extra: { 'symlink path': 'a' } }), 16), 'PATH_INVALID'],
  ])('%s', (_, info, code) => {
    const error = thrown(() => parse(torrentOf(info() as ReturnType<typeof v1Info>)))
    expect(error).toBeInstanceOf(code === 'PATH_INVALID' ? PathError : MetainfoError)
    expect((error as MetainfoError).code).toBe(code)
  })

  it.each([
    ['no dictionary', 'le'],
    ['no info', 'd8:announce1:xe'],
    ['an info that is none', 'd4:infoi1ee'],
  ])('%s', (_, text) => {
    expect(() => parse(latin1Bytes(text))).toThrow(MetainfoError)
  })

  it('text that is no bencode, and anything but line ends behind it', () => {
    expect(() => parse(latin1Bytes('<html>'))).toThrow(BencodeError)
    const good = torrentOf(v1Info(1, 16))
    expect(() => parse(new Uint8Array([...good, 0x0a]))).not.toThrow()
    expect(() => parse(new Uint8Array([...good, 0]))).toThrow(BencodeError)
  })

  it('a file over 64 MiB', () => {
    const large = new Uint8Array(64 * 1024 * 1024 + 1)
    expect(thrown(() => parse(large))).toMatchObject({ code: 'METAINFO_LIMIT' })
    expect(thrown(() => parseInfo(large, digest))).toMatchObject({ code: 'METAINFO_LIMIT' })
  })

  it('padding that would be walked for ever', () => {
    const files = [dict({ length: 1, path: ['a'] }), dict({ length: 2 ** 47, attr: 'p' })]
    const { result, ms } = timed(() => thrown(() => parse(torrentOf(v1Info(1, 1, { files })))))
    expect(result).toMatchObject({ code: 'METAINFO_LIMIT' })
    expect(ms).toBeLessThan(100)
  })

  function bigFiles(length: number) {
    return ['a', 'b'].map((name) => dict({ path: [name], length }))
  }
})

describe('what parseTorrent costs', () => {
  it('5 GB in 5,000 pieces: 20 ms', () => {
    const bytes = torrentOf(v1Info(5_000 * 1_048_576, 1_048_576))
    parse(bytes)
    const { result, ms } = timed(() => parse(bytes))
    expect(result.layout.pieceCount).toBe(5_000)
    expect(ms).toBeLessThan(100)
  })

  it.each([
    [100_000, 5_000],
    [300_000, 15_000],
  ])('%i files', (count, maxMs) => {
    const files = Array.from({ length: count }, (_, index) => ({
      path: [`folder ${index % 500}`, `some file ${index}.dat`],
      length: 1000,
    }))
    const bytes = torrentOf(v1Info(files, 1_048_576))
    const before = process.memoryUsage().rss
    const { result, ms } = timed(() => parse(bytes))
    expect(result.files).toHaveLength(count)
    expect(ms).toBeLessThan(maxMs)
    expect(process.memoryUsage().rss - before).toBeLessThan(600 * 1024 * 1024)
  })
})

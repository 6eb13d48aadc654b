import { describe, expect, it } from 'vitest'
import type { BencodeValue, Dict } from '../src/bytes/bencode.js'
import { decode } from '../src/bytes/decode.js'
import { encode, type Encodable } from '../src/bytes/encode.js'
import { latin1, latin1Bytes } from '../src/bytes/text.js'
import { createMetainfo } from '../src/metainfo/create.js'
import { leavesOf, merkleRoot } from '../src/metainfo/merkle.js'
import type { TorrentFormat } from '../src/metainfo/metainfo.js'
import { parseInfo, parseTorrent } from '../src/metainfo/parse-torrent.js'
import { dict, digest, hashing, patterned, sourceFile, thrown } from './torrent-fixture.js'

const pieceLength = 32_768
const sources = () => [
  sourceFile('a/long', 100_000),
  sourceFile('b', 20_000),
  sourceFile('c', 0),
  sourceFile('d', 40_000),
]

type Tree = Map<string, Encodable>

/** A good torrent, taken apart, changed by `change`, and put together again. */
async function changed(format: TorrentFormat, change: (torrent: Tree, info: Tree) => void) {
  const bytes = await createMetainfo(sources(), hashing, { name: 'data', pieceLengthBytes: pieceLength, format })
  const torrent = copy(decode(bytes)) as Tree
  change(torrent, torrent.get('info') as Tree)
  return encode(torrent)
}

function copy(value: BencodeValue): Encodable {
  if (value instanceof Map) return new Map([...(value as Dict)].map(([key, item]) => [key, copy(item)]))
  return Array.isArray(value) ? (value as readonly BencodeValue[]).map(copy) : (value as Encodable)
}

const leaf = (info: Tree, ...path: string[]): Tree => {
  let node = info.get('file tree') as Tree
  for (const key of path) node = node.get(key) as Tree
  return node.get('') as Tree
}
const layers = (torrent: Tree) => torrent.get('piece layers') as Tree
const firstLayer = (torrent: Tree) => [...layers(torrent)][0] as [string, Uint8Array]
const v1Files = (info: Tree) => info.get('files') as Tree[]

describe('parseTorrent of v2', () => {
  it('lays the files of the tree so that each begins at a piece', async () => {
    const torrent = parseTorrent(await changed('v2', () => {}), digest)
    expect(torrent.infoHashes.v1).toBeUndefined()
    expect(torrent.infoHashes.v2).toEqual(digest('sha256', torrent.info))
    expect(torrent.files.map((file) => [file.path, file.offsetBytes, file.lengthBytes, file.padding])).toEqual([
      ['data/a/long', 0, 100_000, false],
      ['data/.pad/31072', 100_000, 31_072, true],
      ['data/b', 131_072, 20_000, false],
      ['data/c', 151_072, 0, false],
      ['data/.pad/12768', 151_072, 12_768, true],
      ['data/d', 163_840, 40_000, false],
    ])
    const { layout } = torrent
    const pieces = Array.from({ length: layout.pieceCount }, (_, piece) => layout.pieceLength(piece))
    expect(pieces).toEqual([32_768, 32_768, 32_768, 1_696, 20_000, 32_768, 7_232])
    expect(layout.zeroTailBytes(3)).toBe(0)
    expect([torrent.lengthBytes, layout.lengthBytes]).toEqual([160_000, 203_840])
    expect(torrent.merkle).toBe(torrent.verifier)
  })

  it('knows the tree of a piece: half-filled ones, and those of files below a piece', async () => {
    const { verifier } = parseTorrent(await changed('v2', () => {}), digest)
    if (verifier.kind !== 'merkle') throw new Error('no Merkle verifier')
    expect([0, 3, 4, 5].map((piece) => verifier.expected(piece)?.leafCount)).toEqual([2, 2, 2, 2])
    const data = sourceFile('b', 20_000).data
    expect(verifier.expected(4)?.root).toEqual(merkleRoot(leavesOf(data, digest), 2, digest))
    expect([7, 99].map((piece) => verifier.expected(piece))).toEqual([undefined, undefined])
  })

  it('loads without piece layers, and then knows only files below a piece', async () => {
    const bytes = await changed('v2', (torrent) => torrent.delete('piece layers'))
    const { verifier } = parseTorrent(bytes, digest)
    if (verifier.kind !== 'merkle') throw new Error('no Merkle verifier')
    expect([0, 1, 4, 5].map((piece) => verifier.expected(piece) !== undefined)).toEqual([false, false, true, false])
    const { info } = parseTorrent(bytes, digest)
    expect(parseInfo(info, digest).infoHashes.v2).toEqual(digest('sha256', info))
  })

  it('takes a lone file of the torrent name as the torrent, and another in a folder', async () => {
    const alone = async (name: string) => {
      const bytes = await createMetainfo([sourceFile('f', 5)], hashing, { name, format: 'v2' })
      return parseTorrent(bytes, digest).files.map((file) => file.path)
    }
    expect([await alone('f'), await alone('g')]).toEqual([['f'], ['g/f']])
  })

  it('repairs names of the tree', async () => {
    const bytes = await changed('v2', (torrent, info) => {
      torrent.delete('piece layers')
      const tree = info.get('file tree') as Tree
      const [file, other] = [tree.get('b') as Tree, tree.get('c') as Tree]
      info.set('file tree', dict({ '..': dict({ '..': file, con: other }), '\xff': file }))
    })
    const paths = parseTorrent(bytes, digest).files.filter((file) => !file.padding)
    expect(paths.map((file) => file.path)).toEqual(['data/_', 'data/_con', 'data/\ufffd'])
  })
})

describe('parseTorrent of hybrids', () => {
  it('has both hashes, both verifiers and the layout of v1', async () => {
    const torrent = parseTorrent(await changed('hybrid', () => {}), digest)
    expect(torrent.format).toBe('hybrid')
    expect(torrent.infoHashes).toEqual({ v1: digest('sha1', torrent.info), v2: digest('sha256', torrent.info) })
    expect([torrent.verifier.kind, torrent.merkle?.kind]).toEqual(['sha1', 'merkle'])
    expect([torrent.layout.pieceLength(3), torrent.layout.zeroTailBytes(3)]).toEqual([32_768, 31_072])
    expect(torrent.files.filter((file) => file.piecesRoot !== undefined)).toHaveLength(3)
  })

  it('may have padding after its last file', async () => {
    const padded = await changed('hybrid', (_, info) => {
      v1Files(info).push(dict({ attr: 'p', length: 25_536, path: ['.pad', '25536'] }))
    })
    const torrent = parseTorrent(padded, digest)
    expect([torrent.lengthBytes, torrent.layout.zeroTailBytes(6)]).toEqual([160_000, 25_536])
  })

  it('may be one file in a folder of its name', async () => {
    const bytes = await createMetainfo([sourceFile('f', 5)], hashing, { name: 'f', format: 'hybrid' })
    expect(parseTorrent(bytes, digest).files[0]?.path).toBe('f/f')
  })
})

describe('parseTorrent refuses of v2 and hybrids', () => {
  const zeros = new Uint8Array(32)
  const cases: [string, TorrentFormat, (torrent: Tree, info: Tree) => void, string?][] = [
    ['no file tree', 'v2', (_, info) => info.delete('file tree')],
    ['an empty file tree', 'v2', (_, info) => info.set('file tree', new Map())],
    ['a file tree of text', 'v2', (_, info) => info.set('file tree', 'x')],
    ['an entry of text', 'v2', (_, info) => (info.get('file tree') as Tree).set('x', 'y')],
    ['a nameless file', 'v2', (_, info) => (info.get('file tree') as Tree).set('', leaf(info, 'b'))],
    [
      'a file that is a folder',
      'v2',
      (_, info) => ((info.get('file tree') as Tree).get('b') as Tree).set('x', new Map()),
    ],
    ['a leaf of text', 'v2', (_, info) => (info.get('file tree') as Tree).set('b', dict({ '': 'x' }))],
    ['a missing root', 'v2', (_, info) => leaf(info, 'b').delete('pieces root')],
    ['a root of zeros', 'v2', (_, info) => leaf(info, 'b').set('pieces root', zeros)],
    ['a root of 31 bytes', 'v2', (_, info) => leaf(info, 'b').set('pieces root', patterned(31))],
    ['a padding attribute', 'v2', (_, info) => leaf(info, 'b').set('attr', 'p')],
    ['a missing length', 'v2', (_, info) => leaf(info, 'b').delete('length')],
    ['a negative length', 'v2', (_, info) => leaf(info, 'b').set('length', -1)],
    ['a length over 2^48 - 1', 'v2', (_, info) => leaf(info, 'b').set('length', 2 ** 48)],
    ['no data', 'v2', (_, info) => info.set('file tree', dict({ c: dict({ '': leaf(info, 'c') }) }))],
    [
      'a mistyped symlink path',
      'v2',
      (_, info) => leaf(info, 'c').set('attr', 'l').set('symlink path', 'b'),
      'PATH_INVALID',
    ],
    ['a missing symlink path', 'v2', (_, info) => leaf(info, 'c').set('attr', 'l'), 'PATH_INVALID'],
    ['a piece length of 8 KiB', 'v2', (_, info) => info.set('piece length', 8_192)],
    ['a piece length of 48 KiB', 'v2', (_, info) => info.set('piece length', 49_152)],
    ['2^21 + 1 pieces', 'v2', (_, info) => leaf(info, 'b').set('length', 2 ** 36), 'METAINFO_LIMIT'],
    ['layers of text', 'v2', (torrent) => torrent.set('piece layers', 'x')],
    ['an unknown layer', 'v2', (torrent) => layers(torrent).set('x'.repeat(32), zeros)],
    ['a short key of a layer', 'v2', (torrent) => layers(torrent).set('x', zeros)],
    ['a layer of text', 'v2', (torrent) => layers(torrent).set(firstLayer(torrent)[0], 5)],
    [
      'a layer too short',
      'v2',
      (torrent) => layers(torrent).set(firstLayer(torrent)[0], firstLayer(torrent)[1].slice(32)),
    ],
    [
      'a wrong layer',
      'v2',
      (torrent) =>
        layers(torrent).set(
          firstLayer(torrent)[0],
          firstLayer(torrent)[1].map((byte) => byte ^ 1),
        ),
    ],
    ['a wrong layer of a file of one piece', 'v2', (torrent, info) => layers(torrent).set(rootOf(info), zeros)],
    ['a length that the layer denies', 'v2', (_, info) => leaf(info, 'a', 'long').set('length', 200_000)],
    [
      'one root for two lengths',
      'v2',
      (_, info) => leaf(info, 'b').set('pieces root', leaf(info, 'd').get('pieces root') as Uint8Array),
    ],
    ['another v1 length', 'hybrid', (_, info) => v1Files(info)[0]?.set('length', 100_001)],
    ['another v1 path', 'hybrid', (_, info) => v1Files(info)[0]?.set('path', ['x'])],
    ['a v1 file too many', 'hybrid', (_, info) => v1Files(info).push(dict({ length: 0, path: ['x'] }))],
    ['a v1 file too few', 'hybrid', (_, info) => v1Files(info).pop()],
    [
      'an empty v2 file too many',
      'hybrid',
      (_, info) => (info.get('file tree') as Tree).set('e', dict({ '': dict({ length: 0 }) })),
    ],
    [
      'files that begin within pieces',
      'hybrid',
      (_, info) => {
        info.set(
          'files',
          v1Files(info).filter((file) => file.get('attr') === undefined),
        )
        info.set('pieces', new Uint8Array(20 * Math.ceil(160_000 / pieceLength)))
      },
    ],
    ['missing padding', 'hybrid', (_, info) => v1Files(info).splice(1, 1)],
    ['short padding', 'hybrid', (_, info) => v1Files(info)[1]?.set('length', 31_071)],
    ['padding of a whole piece more', 'hybrid', (_, info) => v1Files(info)[1]?.set('length', 31_072 + pieceLength)],
    ['short tail padding', 'hybrid', (_, info) => v1Files(info).push(dict({ attr: 'p', length: 5 }))],
    ['pieces that are no string', 'hybrid', (_, info) => info.set('pieces', 5)],
    ['pieces of another count', 'hybrid', (_, info) => info.set('pieces', new Uint8Array(20))],
  ]
  const rootOf = (info: Tree) => latin1(leaf(info, 'b').get('pieces root') as Uint8Array)

  it.each(cases)('%s (%s)', async (_, format, change, code = 'METAINFO_INVALID') => {
    const bytes = await changed(format, (torrent, info) => void change(torrent, info))
    expect(thrown(() => parseTorrent(bytes, digest))).toMatchObject({ code })
  })

  it('unsorted and equal keys in the info, which v1 may have', async () => {
    const text = latin1(await changed('v2', () => {}))
    const tail = 'e12:piece layers'
    for (const extra of ['1:ai1e', '4:name4:data']) {
      const bytes = latin1Bytes(text.replace(tail, `${extra}${tail}`))
      expect(thrown(() => parseTorrent(bytes, digest))).toMatchObject({ code: 'METAINFO_INVALID' })
    }
  })

  it('but not the layer of a file of one piece that is its root', async () => {
    const bytes = await changed('v2', (torrent, info) => layers(torrent).set(rootOf(info), latin1Bytes(rootOf(info))))
    expect(() => parseTorrent(bytes, digest)).not.toThrow()
  })
})

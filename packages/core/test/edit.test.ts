import { describe, expect, it } from 'vitest'
import { decodeDocument } from '../src/bytes/decode.js'
import { equalBytes, latin1, latin1Bytes } from '../src/bytes/text.js'
import { createMetainfo } from '../src/metainfo/create.js'
import { editTorrentBytes, type TorrentChanges } from '../src/metainfo/edit.js'
import { parseTorrent } from '../src/metainfo/parse-torrent.js'
import { digest, hashing, sourceFile, thrown } from './torrent-fixture.js'

/** An info that no encoder would write: unsorted keys, one of them twice. */
const oddInfo = `d6:pieces20:${'h'.repeat(20)}4:name1:x6:lengthi1e6:lengthi5e12:piece lengthi16e7:private2:xxe`
const odd = latin1Bytes(
  `d4:info${oddInfo}5:zzzzzi007e`.replace('i007e', 'i7e') +
    '8:announce18:http://old.example3:abcle13:comment.utf-81:ce\n',
)

const edit = (changes: TorrentChanges) => editTorrentBytes(odd, changes)

describe('editTorrentBytes', () => {
  it('changes what is around the info and keeps the info byte by byte', () => {
    const edited = edit({
      trackers: [['http://a.example/', 'udp://b.example:1'], ['http://c.example/']],
      comment: 'new',
      webSeeds: ['http://w.example/'],
      createdBy: 'me',
      creationDate: 5,
    })
    expect(latin1(edited)).toContain(`4:info${oddInfo}`)
    const torrent = parseTorrent(edited, digest)
    expect(torrent.infoHashes).toEqual(parseTorrent(odd, digest).infoHashes)
    expect(torrent).toMatchObject({
      trackers: [['http://a.example/', 'udp://b.example:1'], ['http://c.example/']],
      comment: 'new',
      webSeeds: ['http://w.example/'],
      createdBy: 'me',
      creationDate: 5,
    })
    const keys = [
      'abc',
      'announce',
      'announce-list',
      'comment',
      'created by',
      'creation date',
      'info',
      'url-list',
      'zzzzz',
    ]
    expect([...decodeDocument(edited).spans.keys()]).toEqual(keys)
  })

  it('leaves everything when nothing changes, but for the order', () => {
    const torrent = parseTorrent(edit({}), digest)
    expect(torrent).toMatchObject({ trackers: [['http://old.example']], comment: 'c' })
    expect(decodeDocument(edit({})).spans.size).toBe(5)
  })

  it('takes out what is emptied', () => {
    const full = edit({
      trackers: [['http://a.example/'], ['http://b.example/']],
      webSeeds: ['http://w.example/'],
      createdBy: 'x',
    })
    const bare = editTorrentBytes(full, { trackers: [], webSeeds: [], comment: '', createdBy: '' })
    expect([...decodeDocument(bare).spans.keys()]).toEqual(['abc', 'info', 'zzzzz'])
  })

  it('refuses what would give another info-hash, unless forced', () => {
    const info = { private: true, source: 's', name: 'y' }
    expect(thrown(() => edit({ info }))).toMatchObject({ code: 'INVALID_ARGUMENT' })
    const forced = parseTorrent(edit({ info, force: true }), digest)
    expect(forced).toMatchObject({ private: true, source: 's', name: 'y' })
    expect(equalBytes(forced.infoHashes.v1 ?? odd, parseTorrent(odd, digest).infoHashes.v1 ?? odd)).toBe(false)
    const back = parseTorrent(
      editTorrentBytes(edit({ info, force: true }), { info: { private: false, source: '' }, force: true }),
      digest,
    )
    expect([back.private, back.source]).toEqual([false, undefined])
  })

  it.each(['v1', 'hybrid', 'v2'] as const)('renames a single file of %s', async (format) => {
    const bytes = await createMetainfo([sourceFile('', 40_000)], hashing, {
      name: 'old',
      format,
      pieceLengthBytes: 16_384,
    })
    const torrent = parseTorrent(editTorrentBytes(bytes, { info: { name: 'né' }, force: true }), digest)
    expect([torrent.name, torrent.files[0]?.path]).toEqual(['né', 'né'])
  })

  it.each<[string, Uint8Array, TorrentChanges, string]>([
    ['a tracker that is none', odd, { trackers: [['nonsense']] }, 'INVALID_ARGUMENT'],
    ['an empty name', odd, { info: { name: '' }, force: true }, 'INVALID_ARGUMENT'],
    ['no torrent', latin1Bytes('le'), {}, 'METAINFO_INVALID'],
    ['a torrent without info', latin1Bytes('de'), {}, 'METAINFO_INVALID'],
    ['no bencode', latin1Bytes('x'), {}, 'BENCODE_SYNTAX'],
  ])('refuses %s', (_, bytes, changes, code) => {
    expect(thrown(() => editTorrentBytes(bytes, changes))).toMatchObject({ code })
  })
})

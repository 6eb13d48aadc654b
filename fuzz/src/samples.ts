import { type BencodeValue, createMetainfo, type CreateOptions, decode, type SourceFile } from '@bitloom/core'
import { digest } from '@bitloom/core/node'
import { createHash } from 'node:crypto'

function file(path: string, lengthBytes: number): SourceFile {
  return {
    path: path === '' ? [] : path.split('/'),
    lengthBytes,
    async *read() {
      yield new Uint8Array(lengthBytes).fill(path.length)
    },
  }
}

const hashing = {
  digest,
  sha1: () => {
    const hash = createHash('sha1')
    return { update: (bytes: Uint8Array) => void hash.update(bytes), digest: () => new Uint8Array(hash.digest()) }
  },
}

const folder = [file('a/b.txt', 20_000), file('a/empty', 0), file('z', 40_000)]
const made = (sources: readonly SourceFile[], options: Partial<CreateOptions>): Promise<Uint8Array> =>
  createMetainfo(sources, hashing, { name: 'data', pieceLengthBytes: 16_384, ...options })

/** Small torrent files of every format. */
export const torrents: readonly Uint8Array[] = [
  await made([file('', 20_000)], { trackers: [['http://t.example/announce']], webSeeds: ['http://w.example/'] }),
  await made(folder, { private: true, source: 'x', comment: 'c' }),
  await made(folder, { format: 'hybrid' }),
  await made(folder, { format: 'v2' }),
  await made([file('', 40_000)], { format: 'v2' }),
]
export const torrentValues: readonly BencodeValue[] = torrents.map((bytes) => decode(bytes))

/** Words that readers of torrents look at. */
export const torrentKeys: readonly string[] = [
  'announce',
  'announce-list',
  'url-list',
  'comment',
  'created by',
  'creation date',
  'info',
  'piece layers',
  'files',
  'file tree',
  'length',
  'path',
  'path.utf-8',
  'name',
  'name.utf-8',
  'attr',
  'symlink path',
  'piece length',
  'pieces',
  'pieces root',
  'private',
  'source',
  'meta version',
  '',
  '..',
  '__proto__',
]

/** What the tests of metainfo share: a digest, ways to write torrents of any shape, and a clock of the machine. */
import { createHash } from 'node:crypto'
import { encode, type Encodable } from '../src/bytes/encode.js'
import type { SourceFile } from '../src/metainfo/create-sources.js'
import type { Hashing } from '../src/metainfo/piece-hashers.js'
import type { Digest } from '../src/metainfo/read-info.js'

export const digest: Digest = (algorithm, bytes) => new Uint8Array(createHash(algorithm).update(bytes).digest())

/** A map with keys as given, in any order. */
export function dict(entries: Readonly<Record<string, Encodable | undefined>>): Map<string, Encodable> {
  const map = new Map<string, Encodable>()
  for (const [key, value] of Object.entries(entries)) if (value !== undefined) map.set(key, value)
  return map
}

export interface V1File {
  readonly path?: Encodable
  readonly length?: Encodable
  readonly attr?: string
  readonly extra?: Readonly<Record<string, Encodable>>
}

/** The info dictionary of a v1 torrent with zeros for hashes; `changes` replace or (undefined) remove keys. */
export function v1Info(
  files: readonly V1File[] | number,
  pieceLength: number,
  changes: Readonly<Record<string, Encodable | undefined>> = {},
): Map<string, Encodable> {
  const total = typeof files === 'number' ? files : files.reduce((sum, file) => sum + Number(file.length ?? 0), 0)
  return dict({
    name: 'torrent',
    'piece length': pieceLength,
    pieces: new Uint8Array(20 * Math.max(0, Math.ceil(total / pieceLength))),
    ...(typeof files === 'number'
      ? { length: files }
      : {
          files: files.map((file) => dict({ path: file.path, length: file.length, attr: file.attr, ...file.extra })),
        }),
    ...changes,
  })
}

/** The bytes of a torrent file around an info dictionary. */
export function torrentOf(info: Encodable, around: Readonly<Record<string, Encodable>> = {}): Uint8Array {
  return encode(dict({ ...around, info }))
}

/** What a call takes in milliseconds. The limits tests allow a multiple of the promised figure. */
export function timed<T>(work: () => T): { readonly result: T; readonly ms: number } {
  const begin = performance.now()
  const result = work()
  return { result, ms: performance.now() - begin }
}

/** The error that a call throws; undefined if it throws none. */
export function outcomeOf(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  return undefined
}

/** The error that a call throws, as it should. */
export function thrown(work: () => unknown): unknown {
  const error = outcomeOf(work)
  if (error === undefined) throw new Error('nothing was thrown')
  return error
}

export const hashing: Hashing = {
  digest,
  sha1: () => {
    const hash = createHash('sha1')
    return { update: (bytes) => void hash.update(bytes), digest: () => new Uint8Array(hash.digest()) }
  },
}

/** Bytes that differ from place to place. */
export function patterned(lengthBytes: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length: lengthBytes }, (_, at) => (at * 31 + (at >> 7) * seed + seed) & 0xff)
}

/** A source of patterned bytes, given in chunks of `chunkBytes`. */
export function sourceFile(path: string, lengthBytes: number, chunkBytes = 10_000): SourceFile & { data: Uint8Array } {
  const data = patterned(lengthBytes, path.length + lengthBytes)
  return {
    path: path === '' ? [] : path.split('/'),
    lengthBytes,
    data,
    async *read() {
      for (let at = 0; at < data.length; at += chunkBytes) yield data.subarray(at, at + chunkBytes)
    },
  }
}

/** The functions of metainfo bound to the hashes and the file system of Node. */
import { createHash } from 'node:crypto'
import { basename, resolve } from 'node:path'
import { createMetainfo, type CreateOptions } from '../metainfo/create.js'
import { checkedSources, type SourceFile } from '../metainfo/create-sources.js'
import { editTorrentBytes, type TorrentChanges } from '../metainfo/edit.js'
import type { Metainfo } from '../metainfo/metainfo.js'
import { parseInfo as parseInfoWith, parseTorrent as parseTorrentWith } from '../metainfo/parse-torrent.js'
import type { Hashing } from '../metainfo/piece-hashers.js'
import type { Digest, Surroundings } from '../metainfo/read-info.js'
import { version } from '../session/version.js'
import { findFiles, type FoundFiles } from './find-files.js'

/** `CreateOptions` with the defaults of a program: the path's name, this hour, this program. */
export interface CreateTorrentOptions extends Omit<CreateOptions, 'name'> {
  /** Default: the last part of the path. */
  readonly name?: string
  /** Leaves the creation date out. With `noCreatedBy` too, the same input gives the same bytes. */
  readonly noDate?: boolean
  readonly noCreatedBy?: boolean
  /** Keeps the executable bit of files (BEP 47). Default false: then modes do not change the info-hash. */
  readonly attributes?: boolean
  /** Keeps symlinks that stay within the folder as links (BEP 47). Default false: they are skipped. */
  readonly symlinks?: boolean
}

/** A new torrent and what became of the files. */
export interface CreatedTorrent {
  readonly bytes: Uint8Array
  readonly torrent: Metainfo
  /** What is not in the torrent, by path below the folder: symlinks, sockets, devices. */
  readonly skipped: FoundFiles['skipped']
  /** Files that are stored under another path than they have now, because of the policy of names. */
  readonly renamed: readonly { readonly from: string; readonly to: string }[]
}

/** SHA-1 and SHA-256 of bytes at once. Gives a fresh array. */
export const digest: Digest = (algorithm, bytes) => new Uint8Array(createHash(algorithm).update(bytes).digest())

const hashing: Hashing = {
  digest,
  sha1: () => {
    const hash = createHash('sha1')
    return { update: (bytes) => void hash.update(bytes), digest: () => new Uint8Array(hash.digest()) }
  },
}

/** `parseTorrent` of metainfo with Node's hashes. @throws BencodeError, MetainfoError, PathError */
export function parseTorrent(bytes: Uint8Array): Metainfo {
  return parseTorrentWith(bytes, digest)
}

/** `parseInfo` of metainfo with Node's hashes. @throws BencodeError, MetainfoError, PathError */
export function parseInfo(raw: Uint8Array, surroundings: Partial<Surroundings> = {}): Metainfo {
  return parseInfoWith(raw, digest, surroundings)
}

/**
 * Makes a torrent of a file or of all files below a folder. Reads each file once; memory does not grow with the data.
 * Links are never followed, but the path itself may be one.
 * @throws StorageError for what cannot be read or changes meanwhile; BitloomError INVALID_ARGUMENT for impossible options
 */
export async function createTorrent(path: string, options: CreateTorrentOptions = {}): Promise<CreatedTorrent> {
  const found = await findFiles(path, options)
  const { name = basename(resolve(path)), noDate, noCreatedBy, ...rest } = options
  const bytes = await createMetainfo(found.files, hashing, {
    ...(noCreatedBy === true ? {} : { createdBy: `Bitloom/${version}` }),
    ...(noDate === true ? {} : { creationDate: Math.floor(Date.now() / 1000) }),
    ...rest,
    name,
  })
  const torrent = parseTorrent(bytes)
  return { bytes, torrent, skipped: found.skipped, renamed: renamedFiles(torrent, found.files, name) }
}

/** `editTorrentBytes` of metainfo, whose result is read once to be sure that it loads. @throws as both */
export function editTorrent(bytes: Uint8Array, changes: TorrentChanges): Uint8Array {
  const edited = editTorrentBytes(bytes, changes)
  parseTorrent(edited)
  return edited
}

function renamedFiles(torrent: Metainfo, files: readonly SourceFile[], name: string): CreatedTorrent['renamed'] {
  // Both in the order of the torrent.
  const wanted = checkedSources(files, name).map(({ source }) => [name, ...source.path].join('/'))
  const stored = torrent.files.filter((file) => !file.padding).map((file) => file.path)
  return wanted.flatMap((from, index) => {
    const to = stored[index]
    return to === undefined || to === from ? [] : [{ from, to }]
  })
}

import { Bits } from '../bytes/bits.js'
import { isBitloomError, ResumeError } from '../bytes/errors.js'
import { equalBytes } from '../bytes/text.js'
import type { MagnetLink, Metainfo } from '../metainfo/metainfo.js'
import type { Hasher } from '../ports/hasher.js'
import type { Logger } from '../ports/logger.js'
import type { ResumeRecord, ResumeStore } from '../ports/resume-store.js'
import { piecePriorities, usualPriority } from '../torrent/selection.js'
import type { AddOptions, TorrentControl, TorrentHandle } from './api.js'
import { asError } from './as-error.js'
import { readInfo } from './provided-info.js'

export interface RestoreParts {
  readonly store: ResumeStore
  readonly hasher: Hasher
  readonly log: Logger
  /** The record is not read again. */
  add(options: AddOptions, record: ResumeRecord): Promise<TorrentHandle>
}

/** Records that are being read while one is added. */
const readAhead = 16

/** Adds the torrents of all records that were in a session when it ended. One that cannot be is told in the log. */
export async function restoreTorrents(parts: RestoreParts): Promise<TorrentHandle[]> {
  const handles: TorrentHandle[] = []
  const keys = await parts.store.keys()
  const read = async (key: string): Promise<ResumeRecord | undefined> => parts.store.get(key)
  const reading: Promise<ResumeRecord | undefined>[] = []
  for (const [index, key] of keys.entries()) {
    for (const ahead of keys.slice(index + reading.length, index + readAhead)) reading.push(later(read(ahead)))
    try {
      const record = await reading.shift()
      if (record === undefined || record.state === 'removed') continue
      const handle = await addAgain(parts, record)
      restorePriorities(handle.control, record)
      handles.push(handle)
    } catch (error) {
      if (isBitloomError(error) && error.code === 'DUPLICATE') continue
      parts.log.warn('a torrent could not be restored', { infoHash: key, reason: asError(error).message })
    }
  }
  return handles
}

/** A failure is nobody's before it is waited for. */
function later<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}

/** With the default strategies where its own are not there any more. */
async function addAgain({ add, hasher, log }: RestoreParts, record: ResumeRecord): Promise<TorrentHandle> {
  const options = addOptionsOf(record, hasher)
  try {
    return await add(options, record)
  } catch (error) {
    if (!isBitloomError(error) || error.code !== 'PLUGIN_MISSING') throw error
    log.warn('a torrent is restored with the default strategies', { torrent: record.name, reason: error.message })
    const { picker: _picker, choker: _choker, ...others } = options
    return add(others, record)
  }
}

/** @throws BitloomError for an info dictionary that is not the torrent's, or that cannot be used */
function addOptionsOf(record: ResumeRecord, hasher: Hasher): AddOptions {
  const { moveTo, storage, picker, choker, limits, trackers, state, wantedFiles, forced, queueRank } = record
  const torrent = torrentOf(record, hasher)
  // One field after the other: V8 gives each object that a spread makes a shape of its own.
  const options: { -readonly [Key in keyof AddOptions]: AddOptions[Key] } = {
    torrent,
    directory: moveTo ?? record.relocating?.directory ?? record.directory,
    storage,
    trackers,
    limits,
    paused: state === 'paused',
  }
  if (moveTo !== undefined) options.incompleteDirectory = record.directory
  if (picker !== undefined) options.picker = picker
  if (choker !== undefined) options.choker = choker
  if (forced !== undefined) options.forced = forced
  if (queueRank !== undefined) options.queueRank = queueRank
  if ('info' in torrent && wantedFiles !== undefined) options.wantedFiles = choiceOf(torrent, wantedFiles)
  return options
}

function torrentOf(record: ResumeRecord, hasher: Hasher): Metainfo | MagnetLink {
  const { infoHashes, info, name, trackers, webSeeds } = record
  if (info === undefined) {
    return { infoHashes, webSeeds, trackers: trackers.flat(), peers: [], ...(name === '' ? {} : { name }) }
  }
  const metainfo = readInfo(info, infoHashes, trackers, hasher)
  if (metainfo === undefined) throw new ResumeError(`the record of ${name} has the info of another torrent`)
  if (metainfo instanceof Error) throw metainfo
  return { ...metainfo, webSeeds }
}

function choiceOf(torrent: Metainfo, bytes: Uint8Array): boolean[] {
  const wanted = wantedOf(torrent, bytes)
  return torrent.files.map((_file, index) => wanted.has(index))
}

function wantedOf({ files }: Pick<Metainfo, 'files'>, bytes: Uint8Array): Bits {
  const isFitting = bytes.length === (files.length + 7) >> 3
  return isFitting ? Bits.from(bytes, files.length) : Bits.full(files.length)
}

/** Pieces that somebody ranked by themselves are ranked so again. */
function restorePriorities(control: TorrentControl, { priorities, wantedFiles }: ResumeRecord): void {
  const { metainfo } = control.view
  if (priorities === undefined || priorities.length !== metainfo?.layout.pieceCount) return
  const wanted = wantedOf(metainfo, wantedFiles ?? new Uint8Array(0))
  if (equalBytes(priorities, piecePriorities(metainfo, wanted, usualPriority))) return
  for (const priority of new Set(priorities)) {
    const pieces = [...priorities.keys()].filter((piece) => priorities[piece] === priority)
    control.prioritize(pieces, priority)
  }
}

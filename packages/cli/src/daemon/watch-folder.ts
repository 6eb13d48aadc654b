import { isBitloomError, type Logger, maxTorrentBytes, type Metainfo, MetainfoError } from '@bitloom/core'
import { parseTorrent } from '@bitloom/core/node'
import { readdir, readFile, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { sentenceOf } from '../exit-codes.js'
import { pause } from '../stop.js'
import { type FileLook, WatchedFiles } from './watched-files.js'

/** A torrent file whose torrent was added has this at the end of its name from then on. */
const addedSuffix = '.added'

export interface WatchParts {
  readonly directory: string
  /** Between two looks. */
  readonly everyMs: number
  /** @throws BitloomError DUPLICATE where the torrent is there already */
  add(torrent: Metainfo): Promise<void>
  readonly log: Logger
}

/**
 * Looks into a folder again and again until the signal aborts, and adds the torrents whose files have come. It looks
 * instead of listening, since not every file system tells what changes.
 */
export async function watchFolder(parts: WatchParts, signal: AbortSignal): Promise<void> {
  const { directory, everyMs, log } = parts
  const files = new WatchedFiles()
  let trouble: string | undefined
  while (!signal.aborted) {
    try {
      for (const name of files.ripe(await looksIn(directory))) {
        if (signal.aborted) return
        await take(parts, name)
        files.done(name)
      }
      trouble = undefined
    } catch (error) {
      const reason = sentenceOf(error)
      if (reason !== trouble) log.warn('a watched folder cannot be read', { directory, reason })
      trouble = reason
    }
    await pause(everyMs, signal)
  }
}

async function looksIn(directory: string): Promise<FileLook[]> {
  const looks = (await readdir(directory)).map(async (name): Promise<FileLook[]> => {
    // What is gone by now is no file.
    const found = await stat(join(directory, name)).catch(() => undefined)
    return found?.isFile() === true ? [{ name, lengthBytes: found.size, modifiedMs: found.mtimeMs }] : []
  })
  return (await Promise.all(looks)).flat()
}

/** Adds one; a file that is no torrent is named. */
async function take({ directory, add, log }: WatchParts, name: string): Promise<void> {
  const path = join(directory, name)
  try {
    await add(await readTorrent(path))
  } catch (error) {
    if (!isBitloomError(error) || error.code !== 'DUPLICATE') {
      log.warn('a torrent file cannot be used', { path, reason: sentenceOf(error) })
      return
    }
    log.info('the torrent of a file is there already', { path })
  }
  await rename(path, path + addedSuffix).catch((error: unknown) =>
    log.warn('a torrent file cannot be renamed', { path, reason: sentenceOf(error) }),
  )
}

async function readTorrent(path: string): Promise<Metainfo> {
  if ((await stat(path)).size > maxTorrentBytes) throw new MetainfoError('METAINFO_LIMIT', 'it is larger than 64 MiB')
  return parseTorrent(await readFile(path))
}

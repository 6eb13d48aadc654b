import type { AddOptions, Metainfo } from '@bitloom/core'
import { access, constants } from 'node:fs/promises'
import { resolve } from 'node:path'
import { CliError, systemReason } from '../exit-codes.js'
import { type SeedGoal, selectFiles } from '../options.js'
import type { Runtime } from '../runtime.js'
import { makeFolder } from '../state-dir.js'
import { identify, keyOf } from '../torrents.js'
import { type TransferOptions, peersOf } from '../transfer-options.js'
import { runTransfers } from '../transfer-run.js'
import { describeTorrent, fileLines } from './show.js'

interface DownloadOptions extends TransferOptions {
  readonly output: string
  readonly select?: readonly string[]
  readonly list?: boolean
  readonly sequential?: boolean
  readonly seed?: SeedGoal
}

/** `download ID...`: exits 0 when every wanted file is whole and flushed. */
export async function download(runtime: Runtime, ids: readonly string[], options: DownloadOptions): Promise<number> {
  const torrents = await loadTorrents(ids, runtime)
  if (options.list === true) return listFiles(runtime, torrents)
  const wanted = new Map(torrents.map((torrent) => [torrent, wantedFiles(torrent, options.select)]))
  const directory = resolve(runtime.cwd, options.output)
  await makeFolder(directory)
  await checkWritable(directory)
  const peers = await peersOf(options)
  const addOptions = (torrent: Metainfo): AddOptions => ({
    torrent,
    directory,
    peers,
    ...strategies(options),
    ...(wanted.get(torrent) === undefined ? {} : { wantedFiles: wanted.get(torrent) ?? [] }),
    ...(options.trackers ? {} : { trackers: [] }),
    ...(options.maxPeers === undefined ? {} : { maxPeers: options.maxPeers }),
  })
  return runTransfers(runtime, options, torrents, addOptions, { seed: options.seed, serving: false })
}

/** The strategies that were chosen by name. `--sequential` is the picker of that name. */
function strategies(options: DownloadOptions): Pick<AddOptions, 'picker' | 'choker' | 'storage'> {
  const picker = options.picker ?? (options.sequential === true ? 'sequential' : undefined)
  return {
    ...(picker === undefined ? {} : { picker }),
    ...(options.choker === undefined ? {} : { choker: options.choker }),
    ...(options.storage === undefined ? {} : { storage: options.storage }),
  }
}

/** Every torrent once, in the order of the command line. */
async function loadTorrents(ids: readonly string[], runtime: Runtime): Promise<Metainfo[]> {
  const found = new Map<string, Metainfo>()
  for (const id of ids) {
    const identified = await identify(id, runtime)
    if (identified.kind === 'magnet') {
      throw new CliError(
        'MAGNET_UNSUPPORTED',
        `${id} needs the metadata plugin, which does not exist yet: give the .torrent file`,
      )
    }
    found.set(keyOf(identified.torrent.infoHashes), identified.torrent)
  }
  return [...found.values()]
}

function wantedFiles(torrent: Metainfo, select: readonly string[] | undefined): boolean[] | undefined {
  return select === undefined ? undefined : selectFiles(torrent.files, select)
}

function listFiles({ output }: Runtime, torrents: readonly Metainfo[]): number {
  for (const torrent of torrents) {
    output.document(describeTorrent(torrent))
    output.result(fileLines(torrent).join('\n'))
  }
  return 0
}

async function checkWritable(directory: string): Promise<void> {
  try {
    await access(directory, constants.W_OK)
  } catch (cause) {
    const message = `No file can be created in ${directory}: ${systemReason(cause)}`
    throw new CliError('CANNOT_CREATE', message, { path: directory, cause })
  }
}

import type { AddOptions, IpEndpoint, MagnetLink, Metainfo, MetainfoSummary } from '@bitloom/core'
import { access, constants } from 'node:fs/promises'
import { resolve } from 'node:path'
import { CliError, sentenceOf, systemReason } from '../exit-codes.js'
import { selectFiles } from '../options.js'
import type { Runtime } from '../runtime.js'
import type { download as downloadSettings, incomplete as incompleteSettings, Values } from '../settings/schema.js'
import { makeFolder } from '../state-dir.js'
import { identify, keyOf } from '../torrents.js'
import { addOptionsOf, checkModes, incompleteOf, type TransferOptions, peersOf } from '../transfer-options.js'
import { runTransfers } from '../transfer-run.js'
import { describeTorrent, fileLines } from './show.js'

type DownloadOptions = TransferOptions & Values<typeof incompleteSettings> & Values<typeof downloadSettings>

/** `download ID...`: exits 0 when every wanted file is whole and flushed. */
export async function download(runtime: Runtime, ids: readonly string[], options: DownloadOptions): Promise<number> {
  const torrents = await loadTorrents(ids, runtime)
  if (options.list) return listFiles(runtime, torrents, options)
  const wanted = new Map(torrents.map((torrent) => [torrent, wantedFiles(torrent, options.select)]))
  const directory = resolve(runtime.cwd, options.output)
  const incomplete = incompleteOf(options, runtime.cwd)
  for (const folder of [directory, incomplete.incompleteDirectory ?? directory]) {
    await makeFolder(folder)
    await checkWritable(folder)
  }
  const peers = await peersOfAll(runtime, torrents, options)
  const addOptions = (torrent: Metainfo | MagnetLink): AddOptions => ({
    torrent,
    directory,
    peers: peers(torrent),
    check: checkModes[options.check],
    ...(options.sequential ? { picker: 'sequential' } : {}),
    ...addOptionsOf(options),
    ...incomplete,
    ...(wanted.get(torrent) === undefined ? {} : { wantedFiles: wanted.get(torrent) ?? [] }),
  })
  return runTransfers(runtime, options, torrents, addOptions, { seed: options.seed, serving: false })
}

/** Every torrent once, in the order of the command line. */
async function loadTorrents(ids: readonly string[], runtime: Runtime): Promise<(Metainfo | MagnetLink)[]> {
  const found = new Map<string, Metainfo | MagnetLink>()
  for (const id of ids) {
    const identified = await identify(id, runtime)
    const torrent = identified.kind === 'magnet' ? identified.link : identified.torrent
    found.set(keyOf(torrent.infoHashes), torrent)
  }
  return [...found.values()]
}

/** The files of `--select`; of a magnet link they are chosen when its metadata has come. */
function wantedFiles(
  torrent: Metainfo | MagnetLink,
  select: readonly string[] | undefined,
): AddOptions['wantedFiles'] | undefined {
  if (select === undefined) return undefined
  return 'info' in torrent ? selectFiles(torrent.files, select) : ({ files }) => selectFiles(files, select)
}

/** The peers of `--peer`, and for a magnet link those it names (`x.pe`). */
async function peersOfAll(
  runtime: Runtime,
  torrents: readonly (Metainfo | MagnetLink)[],
  options: DownloadOptions,
): Promise<(torrent: Metainfo | MagnetLink) => IpEndpoint[]> {
  const given = await peersOf(options.peer ?? [])
  const named = new Map<Metainfo | MagnetLink, IpEndpoint[]>()
  for (const torrent of torrents) {
    if ('info' in torrent) continue
    const found = torrent.peers.map((peer) =>
      peersOf([peer]).catch((error: unknown) => {
        runtime.output.warn(sentenceOf(error))
        return []
      }),
    )
    named.set(torrent, (await Promise.all(found)).flat())
  }
  return (torrent) => [...given, ...(named.get(torrent) ?? [])]
}

/** `--list`: the metadata of magnet links is fetched for it; nothing is stored. */
async function listFiles(
  runtime: Runtime,
  torrents: readonly (Metainfo | MagnetLink)[],
  options: DownloadOptions,
): Promise<number> {
  const { output } = runtime
  const list = (known: readonly MetainfoSummary[]): void => {
    for (const torrent of known) {
      output.document(describeTorrent(torrent))
      output.result(fileLines(torrent).join('\n'))
    }
  }
  const known = torrents.filter((torrent) => 'info' in torrent)
  const links = torrents.filter((torrent) => !('info' in torrent))
  list(known)
  if (links.length === 0) return 0
  const peers = await peersOfAll(runtime, links, options)
  const addOptions = (torrent: Metainfo | MagnetLink): AddOptions => ({
    torrent,
    directory: runtime.cwd,
    peers: peers(torrent),
    storage: 'memory',
    wantedFiles: ({ files }) => files.map(() => false),
    ...(options.trackers ? {} : { trackers: [] }),
  })
  // The list is the only result.
  const quiet: Runtime = { ...runtime, output: { ...output, event: () => {} } }
  return runTransfers(quiet, options, links, addOptions, { seed: undefined, serving: false, list })
}

async function checkWritable(directory: string): Promise<void> {
  try {
    await access(directory, constants.W_OK)
  } catch (cause) {
    const message = `No file can be created in ${directory}: ${systemReason(cause)}`
    throw new CliError('CANNOT_CREATE', message, { path: directory, cause })
  }
}

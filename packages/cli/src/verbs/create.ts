import type { Metainfo, TorrentFormat } from '@bitloom/core'
import { type CreatedTorrent, createTorrent } from '@bitloom/core/node'
import { access, stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { CliError } from '../exit-codes.js'
import { parseTiers } from '../options.js'
import { formatBytes, hex } from '../output.js'
import type { Runtime } from '../runtime.js'
import { writeWholeFile } from '../write-file.js'
import { describeTorrent, torrentText } from './show.js'

interface CreateVerbOptions {
  readonly output?: string
  readonly force?: boolean
  readonly tracker?: readonly string[]
  readonly webSeed?: readonly string[]
  /** Bytes. */
  readonly pieceLength?: number
  readonly private?: boolean
  readonly comment?: string
  readonly source?: string
  readonly name?: string
  readonly format: TorrentFormat
  readonly date: boolean
  readonly createdBy: boolean
  readonly dryRun?: boolean
}

/** `create PATH`: writes a .torrent. */
export async function create(
  runtime: Runtime,
  [operand = '']: readonly string[],
  options: CreateVerbOptions,
): Promise<number> {
  const path = resolve(runtime.cwd, operand)
  await access(path)
  const name = options.name ?? basename(path)
  const target = options.output ?? `${name}.torrent`
  const targetPath = resolve(runtime.cwd, target)
  if (target !== '-' && options.force !== true && options.dryRun !== true) await refuseExisting(targetPath)
  const { bytes, torrent, skipped, renamed } = await hashAll(runtime, path, name, options)
  for (const file of skipped) runtime.output.warn(`${file.path} is left out: ${file.reason}`)
  for (const { from, to } of renamed) runtime.output.warn(`${from} will be stored as ${to}`)
  if (options.dryRun === true) {
    runtime.output.document({ ...describeTorrent(torrent), path: null })
    runtime.output.result(torrentText(torrent))
    return 0
  }
  if (target === '-') {
    runtime.output.stdout.write(bytes)
    return 0
  }
  await writeWholeFile(targetPath, bytes, options.force === true)
  runtime.output.document({ ...describeTorrent(torrent), path: targetPath })
  runtime.output.result(summary(torrent, target))
  return 0
}

/** Asked before an hour of hashing; writing asks again. */
async function refuseExisting(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined)
  if (found?.isFile() === true)
    throw new CliError('FILE_EXISTS', `${path} exists already: --force replaces it`, { path })
}

async function hashAll(
  runtime: Runtime,
  path: string,
  name: string,
  options: CreateVerbOptions,
): Promise<CreatedTorrent> {
  const { progress, stop } = runtime
  const row = (doneBytes: number, totalBytes: number) => ({
    key: name,
    name,
    state: 'hashing',
    doneBytes,
    totalBytes,
    downRate: 0,
    upRate: 0,
    peers: 0,
    etaSeconds: undefined,
  })
  let last = row(0, 0)
  const created = await createTorrent(path, {
    name,
    format: options.format,
    signal: stop.signal,
    onProgress: (doneBytes, totalBytes) => progress.update([(last = row(doneBytes, totalBytes))], performance.now()),
    ...(options.tracker === undefined ? {} : { trackers: parseTiers(options.tracker) }),
    ...(options.webSeed === undefined ? {} : { webSeeds: options.webSeed }),
    ...(options.pieceLength === undefined ? {} : { pieceLengthBytes: options.pieceLength }),
    ...(options.private === true ? { private: true } : {}),
    ...(options.comment === undefined ? {} : { comment: options.comment }),
    ...(options.source === undefined ? {} : { source: options.source }),
    noDate: !options.date,
    noCreatedBy: !options.createdBy,
  }).catch((error: unknown) => {
    throw stop.signal.aborted ? new CliError('INTERRUPTED', 'Stopped before the torrent was written') : error
  })
  progress.finish([last])
  return created
}

function summary(torrent: Metainfo, target: string): string {
  const { v1, v2 } = torrent.infoHashes
  const files = torrent.files.filter((file) => !file.padding).length
  const { pieceCount, pieceLengthBytes } = torrent.layout
  return [
    `${target}: ${files} ${files === 1 ? 'file' : 'files'}, ${formatBytes(torrent.lengthBytes)}, ${pieceCount} pieces of ${formatBytes(pieceLengthBytes)}`,
    ...(v1 === undefined ? [] : [`info-hash ${hex(v1)}`]),
    ...(v2 === undefined ? [] : [`info-hash v2 ${hex(v2)}`]),
  ].join('\n')
}

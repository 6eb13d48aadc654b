import type { AddOptions, MagnetLink, Metainfo } from '@bitloom/core'
import { access } from 'node:fs/promises'
import { resolve } from 'node:path'
import { CliError } from '../exit-codes.js'
import type { SeedGoal } from '../options.js'
import type { Runtime } from '../runtime.js'
import { loadTorrent } from '../torrents.js'
import { checkModes, type TransferOptions, peersOf } from '../transfer-options.js'
import { runTransfers } from '../transfer-run.js'

interface SeedOptions extends TransferOptions {
  readonly output?: string
  readonly skipCheck?: boolean
  readonly ratio?: number
  /** Milliseconds. */
  readonly time?: number
}

/** `seed TORRENT [DIR]`: serves data that is there, until stopped or until `--ratio` or `--time`. */
export async function seed(
  runtime: Runtime,
  [source = '', folder]: readonly string[],
  options: SeedOptions,
): Promise<number> {
  const torrent = await loadTorrent(source, runtime)
  const directory = resolve(runtime.cwd, folder ?? options.output ?? '.')
  await access(directory).catch((cause: unknown) => {
    throw new CliError('NOT_FOUND', `The folder ${directory} does not exist`, { path: directory, cause })
  })
  const peers = await peersOf(options.peer ?? [])
  const addOptions = (metainfo: Metainfo | MagnetLink): AddOptions => ({
    torrent: metainfo,
    directory,
    peers,
    check: options.skipCheck === true ? 'skip' : checkModes[options.check],
    ...(options.picker === undefined ? {} : { picker: options.picker }),
    ...(options.choker === undefined ? {} : { choker: options.choker }),
    ...(options.storage === undefined ? {} : { storage: options.storage }),
    ...(options.trackers ? {} : { trackers: [] }),
    ...(options.maxPeers === undefined ? {} : { limits: { maxPeers: options.maxPeers } }),
  })
  const goal: SeedGoal = {
    ...(options.ratio === undefined ? {} : { ratio: options.ratio }),
    ...(options.time === undefined ? {} : { durationMs: options.time }),
  }
  runtime.stop.exitCode = 0
  return runTransfers(runtime, options, [torrent], addOptions, { seed: goal, serving: true })
}

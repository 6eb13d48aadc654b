import type { AddOptions, MagnetLink, Metainfo } from '@bitloom/core'
import { access } from 'node:fs/promises'
import { resolve } from 'node:path'
import { CliError } from '../exit-codes.js'
import type { SeedGoal } from '../options.js'
import type { Runtime } from '../runtime.js'
import type { seed as seedSettings, Values } from '../settings/schema.js'
import { loadTorrent } from '../torrents.js'
import { addOptionsOf, checkModes, type TransferOptions, peersOf } from '../transfer-options.js'
import { runTransfers } from '../transfer-run.js'

type SeedOptions = TransferOptions & Values<typeof seedSettings>

/** `seed TORRENT [DIR]`: serves data that is there, until stopped or until `--ratio` or `--time`. */
export async function seed(
  runtime: Runtime,
  [source = '', folder]: readonly string[],
  options: SeedOptions,
): Promise<number> {
  const torrent = await loadTorrent(source, runtime)
  const directory = resolve(runtime.cwd, folder ?? options.output)
  await access(directory).catch((cause: unknown) => {
    throw new CliError('NOT_FOUND', `The folder ${directory} does not exist`, { path: directory, cause })
  })
  const peers = await peersOf(options.peer ?? [])
  const addOptions = (metainfo: Metainfo | MagnetLink): AddOptions => ({
    torrent: metainfo,
    directory,
    peers,
    check: options.skipCheck ? 'skip' : checkModes[options.check],
    ...addOptionsOf(options),
  })
  const goal: SeedGoal = {
    ...(options.ratio === undefined ? {} : { ratio: options.ratio }),
    ...(options.time === undefined ? {} : { durationMs: options.time }),
  }
  runtime.stop.exitCode = 0
  return runTransfers(runtime, options, [torrent], addOptions, { seed: goal, serving: true })
}

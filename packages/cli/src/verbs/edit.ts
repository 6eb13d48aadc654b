import type { Metainfo } from '@bitloom/core'
import { editTorrent, parseTorrent } from '@bitloom/core/node'
import { resolve } from 'node:path'
import { CliError } from '../exit-codes.js'
import { parseTiers } from '../options.js'
import type { Runtime } from '../runtime.js'
import { keyOf, parseNamed, readSource } from '../torrents.js'
import { writeWholeFile } from '../write-file.js'
import { describeTorrent } from './show.js'

interface EditOptions {
  readonly output?: string
  readonly tracker?: readonly string[]
  readonly addTracker?: readonly string[]
  readonly removeTracker?: readonly string[]
  readonly trackers: boolean
  readonly webSeed?: readonly string[]
  readonly webSeeds: boolean
  readonly comment?: string
  readonly private?: boolean
  readonly source?: string
  readonly name?: string
  readonly force?: boolean
}

/** `edit TORRENT`: changes what is outside the info dictionary; with `--force` also what makes another info-hash. */
export async function edit(runtime: Runtime, [source = '']: readonly string[], options: EditOptions): Promise<number> {
  const target = options.output ?? source
  if (options.output === undefined && /^(-$|https?:)/.test(source)) {
    throw new CliError('USAGE', `${source} cannot be changed in place: say where to write with --output`)
  }
  const before = await readSource(source, runtime)
  const torrent = parseNamed(before, source)
  const trackers = editedTrackers(torrent, options)
  const webSeeds = options.webSeed ?? (options.webSeeds ? undefined : [])
  const info = editedInfo(options)
  const after = editTorrent(before, {
    ...(trackers === undefined ? {} : { trackers }),
    ...(webSeeds === undefined ? {} : { webSeeds }),
    ...(options.comment === undefined ? {} : { comment: options.comment }),
    ...(info === undefined ? {} : { info, force: true }),
  })
  if (target === '-') {
    runtime.output.stdout.write(after)
    return 0
  }
  const path = resolve(runtime.cwd, target)
  await writeWholeFile(path, after, options.output === undefined || options.force === true)
  const edited = parseTorrent(after)
  runtime.output.document({ ...describeTorrent(edited), path })
  runtime.output.result(`${target}: info-hash ${keyOf(edited.infoHashes)}${info === undefined ? ' (unchanged)' : ''}`)
  return 0
}

function editedTrackers(torrent: Metainfo, options: EditOptions): string[][] | undefined {
  const { tracker, addTracker, removeTracker } = options
  if (options.trackers && tracker === undefined && addTracker === undefined && removeTracker === undefined)
    return undefined
  const kept = tracker !== undefined ? parseTiers(tracker) : options.trackers ? torrent.trackers : []
  const removed = new Set(removeTracker)
  const missing = [...removed].find((url) => !torrent.trackers.flat().includes(url))
  if (missing !== undefined) throw new CliError('USAGE', `--remove-tracker ${missing}: the torrent has no such tracker`)
  const tiers = [...kept, ...parseTiers(addTracker ?? [])]
  return tiers.map((tier) => tier.filter((url) => !removed.has(url))).filter((tier) => tier.length > 0)
}

/** What changes the info-hash. @throws CliError USAGE without `--force` */
function editedInfo(options: EditOptions): { private?: boolean; source?: string; name?: string } | undefined {
  const info = {
    ...(options.private === undefined ? {} : { private: options.private }),
    ...(options.source === undefined ? {} : { source: options.source }),
    ...(options.name === undefined ? {} : { name: options.name }),
  }
  const keys = Object.keys(info)
  if (keys.length === 0) return undefined
  if (options.force === true) return info
  throw new CliError('USAGE', `--${keys[0]} changes the info-hash, which makes another torrent: say --force to do that`)
}

import type { Metainfo } from '@bitloom/core'
import { createTorrent, editTorrent } from '@bitloom/core/node'
import { rmSync } from 'node:fs'
import { mkdtemp, rm, statfs, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Member, startMember } from '../demo/member.js'
import { isIdentical, planPayload, type PayloadFile, writePayload } from '../demo/payload.js'
import { giftsOf, isKind, memberReport, memberRow, reportText } from '../demo/report.js'
import { CliError, exitCodes } from '../exit-codes.js'
import { formatBytes } from '../output.js'
import type { Runtime } from '../runtime.js'
import { pause } from '../stop.js'

interface DemoOptions {
  /** Bytes. */
  readonly size: number
  readonly files: number
  readonly peers: number
  readonly keep?: boolean
}

/** Members that outlive a killed demo end by themselves after this time. */
const longestRun = '6h'
const tickMs = 200
const payloadName = 'payload'

/** What a demo has made so far, so that its end can take all of it away. */
interface Stage {
  readonly folder: string
  readonly members: Member[]
}

/** `demo`: a swarm of separate processes on loopback that meet through a tracker of their own. */
export async function demo(runtime: Runtime, _operands: readonly string[], options: DemoOptions): Promise<number> {
  await checkSpace(options)
  const stage: Stage = { folder: await mkdtemp(join(tmpdir(), 'bitloom-demo-')), members: [] }
  // Also when a second signal ends this process at once.
  const clean = (): void => {
    for (const member of stage.members) member.kill()
    if (options.keep !== true) rmSync(stage.folder, { recursive: true, force: true })
  }
  process.once('exit', clean)
  try {
    return await play(runtime, options, stage)
  } finally {
    await Promise.all(stage.members.map((member) => member.stop()))
    process.off('exit', clean)
    if (options.keep === true) runtime.output.note(`Everything is left in ${stage.folder}`)
    else await rm(stage.folder, { recursive: true, force: true })
  }
}

async function checkSpace({ size, peers }: DemoOptions): Promise<void> {
  const { bavail, bsize } = await statfs(tmpdir())
  const needed = size * (peers + 1)
  if (bavail * bsize < needed) {
    const free = formatBytes(bavail * bsize)
    throw Object.assign(new Error(`The demo needs ${formatBytes(needed)} in ${tmpdir()}, where ${free} are free`), {
      code: 'ENOSPC',
    })
  }
}

async function play(runtime: Runtime, options: DemoOptions, stage: Stage): Promise<number> {
  const { output, stop } = runtime
  const files = planPayload(options.size, options.files)
  output.note(`Writing ${files.length} files of random bytes, ${formatBytes(options.size)} together`)
  await writePayload(join(stage.folder, 'seeder', payloadName), files, stop.signal)
  if (stop.signal.aborted) return exitCodes.unfinished.exit

  const begin = starter(runtime, stage)
  const tracker = begin('tracker', ['tracker', '--http', '127.0.0.1:0', '--udp', '127.0.0.1:0'])
  const { addresses } = await tracker.find(isKind('listening'))
  const urls = addresses.flatMap(({ url }) => (url === undefined ? [] : [url]))
  const { torrent, paths } = await writeTorrents(stage, urls)
  output.note(`Made a torrent of ${torrent.layout.pieceCount} pieces, tracked by ${urls.join(' and ')}`)

  const common = ['--listen', '127.0.0.1:0']
  const pathOf = (index: number): string => paths[index % paths.length] ?? ''
  const seeder = begin('seeder', ['seed', pathOf(0), join(stage.folder, 'seeder'), '--time', longestRun, ...common])
  await seeder.find(isKind('tracker'))
  const downloaders = Array.from({ length: options.peers }, (_, index) => {
    const name = `peer ${index + 1}`
    const target = join(stage.folder, name)
    return begin(name, ['download', pathOf(index + 1), '-o', target, `--seed=${longestRun}`, ...common])
  })
  output.note(`Started a tracker, a seeder and ${downloaders.length} downloaders, each a process of its own`)
  await follow(runtime, [seeder, ...downloaders], downloaders, torrent.lengthBytes)
  if (stop.signal.aborted) return exitCodes.unfinished.exit
  await Promise.all([seeder, ...downloaders].map((member) => member.stop()))
  return conclude(runtime, stage, { seeder, downloaders, files, torrent })
}

/** Starts members, each with a state folder of its own. */
function starter(runtime: Runtime, stage: Stage): (name: string, args: readonly string[]) => Member {
  return (name, args) => {
    const member = startMember(name, [...args, '--state-dir', join(stage.folder, `state of ${name}`)], runtime.env)
    stage.members.push(member)
    return member
  }
}

/**
 * One torrent in as many files as there are trackers, each with another one first: members announce to the first that
 * answers, so together they use all of them.
 */
async function writeTorrents(stage: Stage, urls: readonly string[]): Promise<{ torrent: Metainfo; paths: string[] }> {
  const { bytes, torrent } = await createTorrent(join(stage.folder, 'seeder', payloadName), { name: payloadName })
  const paths = urls.map((_, index) => join(stage.folder, `demo-${index + 1}.torrent`))
  for (const [index, path] of paths.entries()) {
    const tiers = [...urls.slice(index), ...urls.slice(0, index)].map((url) => [url])
    await writeFile(path, editTorrent(bytes, { trackers: tiers }))
  }
  return { torrent, paths }
}

/** Shows progress until every downloader is whole. @throws CliError when one ends early */
async function follow(
  { progress, stop }: Runtime,
  shown: readonly Member[],
  downloaders: readonly Member[],
  lengthBytes: number,
): Promise<void> {
  const rows = () => shown.map((member) => memberRow(member, lengthBytes))
  const all = Promise.all(downloaders.map((member) => member.find(isKind('complete'))))
  const end = new AbortController()
  const finished = all.finally(() => end.abort())
  // Its rejection is awaited below, after the loop that it ends.
  finished.catch(() => undefined)
  const wake = AbortSignal.any([stop.signal, end.signal])
  while (!wake.aborted) {
    progress.update(rows(), performance.now())
    await pause(tickMs, wake)
  }
  progress.finish(rows())
  if (!stop.signal.aborted) await finished
}

interface Result {
  readonly seeder: Member
  readonly downloaders: readonly Member[]
  readonly files: readonly PayloadFile[]
  readonly torrent: Metainfo
}

async function conclude({ output }: Runtime, stage: Stage, result: Result): Promise<number> {
  const { seeder, downloaders, files, torrent } = result
  const members = [seeder, ...downloaders]
  const reports = downloaders.map((member) => memberReport(member, members))
  const gifts = giftsOf(members)
  const different: string[] = []
  for (const { name } of downloaders) {
    for (const { path } of files) {
      const copy = join(stage.folder, name, payloadName, path)
      if (!(await isIdentical(join(stage.folder, 'seeder', payloadName, path), copy)))
        different.push(`${name}: ${path}`)
    }
  }
  const total = files.length * downloaders.length
  const identical = total - different.length
  const { pieceCount } = torrent.layout
  output.document({ length: torrent.lengthBytes, pieceCount, peers: reports, gifts, files: total, identical })
  output.result(
    `${pieceCount} pieces, ${formatBytes(torrent.lengthBytes)}\n${reportText(reports, gifts, torrent.lengthBytes)}`,
  )
  output.result(`identical: ${identical} of ${total} files`)
  if (different.length === 0) return exitCodes.done.exit
  throw new CliError('DATA_DIFFERS', `Copies differ: ${different.join(', ')}`)
}

import type { Metainfo } from '@bitloom/core'
import { systemHasher } from '@bitloom/core/node'
import { access } from 'node:fs/promises'
import { resolve } from 'node:path'
import { CliError, exitCodes } from '../exit-codes.js'
import { printable } from '../output.js'
import type { ProgressRow } from '../progress/row.js'
import type { Runtime } from '../runtime.js'
import { keyOf, loadTorrent } from '../torrents.js'
import { type FileProblem, type Verification, verifyData } from '../verify-data.js'

/** `verify TORRENT DIR`: 0 when the data is whole, 32 when not; names each file and piece range that is not. */
export async function verify(runtime: Runtime, [source = '', folder = '.']: readonly string[]): Promise<number> {
  const torrent = await loadTorrent(source, runtime)
  const directory = resolve(runtime.cwd, folder)
  await access(directory).catch((cause: unknown) => {
    throw new CliError('NOT_FOUND', `The folder ${directory} does not exist`, { path: directory, cause })
  })
  const hasher = systemHasher()
  const onProgress = (piecesDone: number): void =>
    runtime.progress.update([rowOf(torrent, piecesDone)], performance.now())
  const result = await verifyData(torrent, directory, hasher, runtime.stop.signal, onProgress).finally(() =>
    hasher.close(),
  )
  runtime.progress.finish([rowOf(torrent, result.checkedPieces)])
  runtime.output.document({ infoHash: keyOf(torrent.infoHashes), ...result })
  runtime.output.result(resultText(torrent, result))
  if (!result.finished) return exitCodes.unfinished.exit
  return result.whole ? exitCodes.done.exit : exitCodes.dataDiffers.exit
}

function rowOf(torrent: Metainfo, piecesDone: number): ProgressRow {
  const { pieceLengthBytes, lengthBytes } = torrent.layout
  return {
    key: torrent.name,
    name: torrent.name,
    state: 'checking',
    doneBytes: Math.min(piecesDone * pieceLengthBytes, lengthBytes),
    totalBytes: lengthBytes,
    downRate: 0,
    upRate: 0,
    peers: 0,
    etaSeconds: undefined,
  }
}

function resultText(torrent: Metainfo, result: Verification): string {
  const { pieceCount, goodPieces, checkedPieces } = result
  if (!result.finished) return `Stopped after ${checkedPieces} of ${pieceCount} pieces, ${goodPieces} of them good`
  const summary = `${printable(torrent.name)}: ${goodPieces} of ${pieceCount} pieces are good`
  if (result.whole) return `${summary}: whole`
  return [...result.files.map(problemText), summary].join('\n')
}

const problemTexts: Readonly<Record<FileProblem['problem'], string>> = {
  missing: 'missing',
  short: 'shorter than it should be',
  long: 'longer than it should be',
  bad: 'does not match',
  unconfirmed: 'shares a piece with a broken file',
}

function problemText({ path, problem, pieces }: FileProblem): string {
  const ranges = pieces.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(', ')
  const where = ranges === '' ? '' : ` (${ranges.includes('-') || ranges.includes(',') ? 'pieces' : 'piece'} ${ranges})`
  return `${printable(path)}: ${problemTexts[problem]}${where}`
}

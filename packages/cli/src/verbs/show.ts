import type { MetainfoSummary } from '@bitloom/core'
import { formatBytes, hex, printable } from '../output.js'
import type { Runtime } from '../runtime.js'
import { loadTorrent } from '../torrents.js'

/** `show TORRENT`: what is in it. */
export async function show(runtime: Runtime, [source = '']: readonly string[]): Promise<number> {
  const torrent = await loadTorrent(source, runtime)
  runtime.output.document(describeTorrent(torrent))
  runtime.output.result(torrentText(torrent))
  return 0
}

/** The document of `show --json`. */
export function describeTorrent(torrent: MetainfoSummary): Record<string, unknown> {
  const { v1, v2 } = torrent.infoHashes
  return {
    name: torrent.name,
    infoHash: v1 === undefined ? null : hex(v1),
    infoHashV2: v2 === undefined ? null : hex(v2),
    pieceLength: torrent.layout.pieceLengthBytes,
    pieceCount: torrent.layout.pieceCount,
    length: torrent.lengthBytes,
    private: torrent.private,
    files: torrent.files.map(({ path, lengthBytes, padding }) => ({ path, length: lengthBytes, padding })),
    trackers: torrent.trackers,
    webSeeds: torrent.webSeeds,
    comment: torrent.comment ?? null,
    createdBy: torrent.createdBy ?? null,
    creationDate: torrent.creationDate ?? null,
    source: torrent.source ?? null,
  }
}

/** For people: a table of facts, then the numbered files. */
export function torrentText(torrent: MetainfoSummary): string {
  const { v1, v2 } = torrent.infoHashes
  const { pieceCount, pieceLengthBytes } = torrent.layout
  const facts: [string, string | undefined][] = [
    ['Name', torrent.name],
    ['Format', torrent.format],
    ['Info-hash', v1 && hex(v1)],
    ['Info-hash v2', v2 && hex(v2)],
    ['Size', `${formatBytes(torrent.lengthBytes)} (${torrent.lengthBytes} bytes)`],
    ['Pieces', `${pieceCount} of ${formatBytes(pieceLengthBytes)}`],
    ['Private', torrent.private ? 'yes' : undefined],
    ...torrent.trackers.map((tier, index): [string, string] => [`Tracker ${index + 1}`, tier.join(', ')]),
    ...torrent.webSeeds.map((url): [string, string] => ['Web seed', url]),
    ['Comment', torrent.comment],
    ['Created by', torrent.createdBy],
    ['Created', torrent.creationDate === undefined ? undefined : dateText(torrent.creationDate)],
    ['Source', torrent.source],
  ]
  const lines = facts.flatMap(([label, value]) =>
    value === undefined ? [] : [`${label.padEnd(13)} ${printable(value)}`],
  )
  return [...lines, '', ...fileLines(torrent)].join('\n')
}

/** The files with the numbers that `--select` takes; padding is left out. */
export function fileLines(torrent: MetainfoSummary): string[] {
  const files = torrent.files.filter((file) => !file.padding)
  const width = String(files.length).length
  return files.map(({ path, lengthBytes }, index) => {
    return `${String(index + 1).padStart(width)}  ${formatBytes(lengthBytes).padStart(9)}  ${printable(path)}`
  })
}

/** ISO 8601, or the number where it is no date that can be written. */
function dateText(seconds: number): string {
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString()
}

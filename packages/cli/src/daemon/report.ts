import type { DeskEvent, Logger, SessionDesk, TorrentView } from '@bitloom/core'
import { errorEvent } from '../events.js'
import type { Output } from '../output.js'
import { keyOf, titleOf } from '../torrents.js'

/** Writes what happens to the torrents of a daemon into its log, and as events for `--json`. */
export function reportDesk(desk: SessionDesk, output: Output, log: Logger): void {
  const addedMs = new WeakMap<TorrentView, number>()
  desk.events((event) => {
    if (event.event === 'added') addedMs.set(event.torrent, performance.now())
    logEvent(event, log)
    printEvent(event, output, performance.now() - (addedMs.get(event.torrent) ?? performance.now()))
  })
}

function logEvent(event: DeskEvent, log: Logger): void {
  const about = { torrent: titleOf(event.torrent), infoHash: keyOf(event.torrent.infoHashes) }
  switch (event.event) {
    case 'added':
      return log.info('a torrent was added', about)
    case 'removed':
      return log.info('a torrent left', about)
    case 'completed':
      return log.info('a torrent is complete', { ...about, directory: event.torrent.directory })
    case 'state':
      return log.info('a torrent has another state', { ...about, from: event.from, to: event.torrent.state })
    case 'failed':
      return log.error('a torrent failed', { ...about, reason: event.error.message })
    case 'announced':
      if (event.error === undefined) return log.debug('a tracker answered', { ...about, url: event.url })
      return log.warn('a tracker could not be asked', { ...about, url: event.url, reason: event.error.message })
  }
}

function printEvent(event: DeskEvent, output: Output, elapsedMs: number): void {
  const { torrent } = event
  const infoHash = keyOf(torrent.infoHashes)
  if (event.event === 'added' && torrent.metainfo !== undefined) {
    const { name, lengthBytes: length, layout } = torrent.metainfo
    output.event({ event: 'added', infoHash, name, length, pieceCount: layout.pieceCount })
  } else if (event.event === 'completed') {
    const { receivedBytes, wastedBytes } = torrent.stats
    const seconds = Math.round(elapsedMs) / 1_000
    output.event({ event: 'complete', infoHash, seconds, receivedBytes, wastedBytes })
  } else if (event.event === 'state' && torrent.state === 'seeding') {
    output.event({ event: 'seeding', infoHash })
  } else if (event.event === 'failed') {
    output.event(errorEvent(event.error, infoHash))
  }
}

import { type MetainfoSummary, type PeerView, type Session, type TorrentView, formatEndpoint } from '@bitloom/core'
import { errorEvent, type PeerEvent } from './events.js'
import { sentenceOf } from './exit-codes.js'
import { type Output, hex } from './output.js'
import { etaOf, type Job } from './job.js'
import type { ProgressRow } from './progress/row.js'
import { keyOf, titleOf } from './torrents.js'

/** How core and plugins say that a peer was not only dropped. */
const banReasons = /^(ban|sent corrupt data)/

/** Prints what happens in a session as events; `flush` says goodbye for peers that are still connected. */
export interface Reporter {
  /** `listening`. */
  listening(): void
  /** The metadata of a torrent is known. */
  added(torrent: TorrentView, metainfo: MetainfoSummary): void
  progress(torrent: TorrentView, etaSeconds: number | undefined): void
  /** True if the torrent ever had a peer. */
  metPeer(torrent: TorrentView): boolean
  flush(): void
}

/** Connects the watching hooks of a session to the output. */
export function reportSession(session: Session, output: Output): Reporter {
  const connected = new Map<PeerView, TorrentView>()
  const met = new Set<string>()
  const gone = (peer: PeerView, reason: string, torrent: TorrentView): void => {
    if (!connected.delete(peer)) return
    output.event(peerEvent(peer, torrent, banReasons.test(reason) ? 'banned' : 'disconnected', reason))
  }
  session.hooks.peerConnected.tap((peer, torrent) => {
    met.add(torrent.id)
    connected.set(peer, torrent)
    output.event(peerEvent(peer, torrent, 'connected'))
  })
  session.hooks.peerDisconnected.tap(gone)
  session.hooks.announced.tap(({ url, answer, error }, torrent) => {
    if (error !== undefined) {
      const reason = sentenceOf(error)
      output.warn(reason, { cause: reason.replaceAll(url, ''), about: url })
    }
    output.event({
      event: 'tracker',
      infoHash: keyOf(torrent.infoHashes),
      url,
      state: error === undefined ? 'ok' : 'error',
      peers: answer?.peers.length ?? 0,
      message: error === undefined ? answer?.warning : sentenceOf(error),
    })
  })
  // The log says it on stderr.
  session.hooks.pluginFailed.tap((error) => output.event(errorEvent(error)))
  return {
    metPeer: (torrent) => met.has(torrent.id),
    listening: () =>
      output.event({
        event: 'listening',
        addresses: session.addresses.map(({ host, port }) => ({ host, port })),
        peerId: hex(session.peerId),
      }),
    added: (torrent, metainfo) => output.event(addedEvent(torrent, metainfo)),
    progress: (torrent, eta) => output.event(progressEvent(torrent, eta)),
    flush() {
      for (const [peer, torrent] of connected) gone(peer, 'stopped', torrent)
    },
  }
}

function addedEvent(torrent: TorrentView, metainfo: MetainfoSummary): Parameters<Output['event']>[0] {
  return {
    event: 'added',
    infoHash: keyOf(torrent.infoHashes),
    name: torrent.name,
    length: metainfo.lengthBytes,
    pieceCount: metainfo.layout.pieceCount,
  }
}

function progressEvent(torrent: TorrentView, eta: number | undefined): Parameters<Output['event']>[0] {
  const { receivedBytes, verifiedBytes, wastedBytes, uploadedBytes, downRate, upRate, peers } = torrent.stats
  return {
    event: 'progress',
    infoHash: keyOf(torrent.infoHashes),
    receivedBytes,
    verifiedBytes,
    wastedBytes,
    uploadedBytes,
    downRate: Math.round(downRate),
    upRate: Math.round(upRate),
    peers,
    etaSeconds: eta === undefined ? null : Math.ceil(eta),
  }
}

function peerEvent(
  peer: PeerView,
  torrent: TorrentView,
  state: PeerEvent['state'],
  reason?: string,
): Parameters<Output['event']>[0] {
  const counts = { receivedBytes: peer.downloadedBytes, uploadedBytes: peer.uploadedBytes }
  return {
    event: 'peer',
    infoHash: keyOf(torrent.infoHashes),
    address: formatEndpoint(peer.endpoint),
    client: peer.client,
    state,
    reason,
    peerId: hex(peer.peerId),
    ...(state === 'connected' ? {} : counts),
  }
}

function stateText(state: TorrentView['state'], peers: number): string {
  const seeks = state === 'downloading' || state === 'fetching-metadata'
  if (seeks && peers === 0) return 'looking for peers'
  return state === 'fetching-metadata' ? 'fetching metadata' : state
}

/** A torrent as progress shows it. */
export function rowOf(job: Job): ProgressRow {
  const { view } = job.handle
  const { stats, state } = view
  const checking = state === 'checking'
  const pieces = view.metainfo?.layout.pieceCount ?? 0
  const pieceBytes = view.metainfo?.layout.pieceLengthBytes ?? 0
  return {
    key: view.id,
    name: titleOf(view),
    state: stateText(state, stats.peers),
    doneBytes: checking ? stats.checkedPieces * pieceBytes : stats.wantedBytes - stats.leftBytes,
    totalBytes: checking ? pieces * pieceBytes : view.metainfo === undefined ? undefined : stats.wantedBytes,
    downRate: job.down.rate,
    upRate: job.up.rate,
    peers: stats.peers,
    etaSeconds: etaOf(job),
  }
}

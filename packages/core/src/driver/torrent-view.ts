import type { InfoHashes, Metainfo } from '../metainfo/metainfo.js'
import type { ContentView, PeerView, TorrentState, TorrentStats, TorrentView, TrackerView } from '../ports/views.js'
import type { Ledger } from '../torrent/ledger.js'
import type { Torrent } from '../torrent/torrent.js'

/** What the driver of a torrent knows beyond the torrent itself. */
export interface ViewSource {
  readonly id: string
  readonly name: string
  readonly infoHashes: InfoHashes
  readonly private: boolean
  readonly metainfo: Metainfo | undefined
  readonly state: TorrentState
  readonly error: Error | undefined
  readonly torrent: Torrent
  readonly trackers: readonly TrackerView[]
  readonly picker: string | undefined
  readonly choker: string
  readonly storage: string
  readonly directory: string
  readonly paths: readonly string[] | undefined
  readonly knownAddresses: number
  readonly checkedPieces: number
  readonly queuePosition: number | undefined
  readonly queueRank: number | undefined
  readonly forced: boolean
  readonly seedRatio: number
  readonly seedingMs: number
  readonly pausedBy: TorrentView['pausedBy']
}

/** The live view of one torrent: getters over its state, made once. */
export function torrentView(source: ViewSource): TorrentView {
  const { torrent } = source
  let content: { readonly ledger: Ledger; readonly view: ContentView } | undefined
  return {
    get id() {
      return source.id
    },
    get name() {
      return source.name
    },
    get infoHashes() {
      return source.infoHashes
    },
    get private() {
      return source.private
    },
    get state() {
      return source.state
    },
    get error() {
      return source.error
    },
    get metainfo() {
      return source.metainfo
    },
    get content() {
      const { ledger } = torrent
      if (ledger === undefined) return undefined
      if (content?.ledger !== ledger) content = { ledger, view: contentView(torrent) }
      return content.view
    },
    get peers(): Iterable<PeerView> {
      return torrent.peers.values()
    },
    get trackers() {
      return source.trackers
    },
    get picker() {
      return source.picker
    },
    get choker() {
      return source.choker
    },
    get storage() {
      return source.storage
    },
    get directory() {
      return source.directory
    },
    get paths() {
      return source.paths
    },
    get queuePosition() {
      return source.queuePosition
    },
    get queueRank() {
      return source.queueRank
    },
    get forced() {
      return source.forced
    },
    get seedRatio() {
      return source.seedRatio
    },
    get seedingMs() {
      return source.seedingMs
    },
    get pausedBy() {
      return source.pausedBy
    },
    stats: statsView(source),
  }
}

function statsView(source: ViewSource): TorrentStats {
  const { torrent } = source
  const sum = (of: (peer: PeerView) => number): number => {
    let total = 0
    for (const peer of torrent.peers.values()) total += of(peer)
    return total
  }
  return {
    get receivedBytes() {
      return torrent.receivedBytes
    },
    get wastedBytes() {
      return torrent.wastedBytes
    },
    get uploadedBytes() {
      return torrent.uploadedBytes
    },
    get verifiedBytes() {
      return torrent.verifiedBytes
    },
    get wantedBytes() {
      return torrent.wantedBytes
    },
    get leftBytes() {
      return torrent.leftBytes
    },
    get downRate() {
      return sum((peer) => peer.downRate)
    },
    get upRate() {
      return sum((peer) => peer.upRate)
    },
    get peers() {
      return torrent.peers.size
    },
    get seeds() {
      return sum((peer) => Number(peer.isSeed))
    },
    get knownAddresses() {
      return source.knownAddresses
    },
    get checkedPieces() {
      return source.checkedPieces
    },
  }
}

/** Geometry, availability and priorities of a torrent whose content is present. */
export function contentView(torrent: Torrent): ContentView {
  const { ledger, metainfo } = torrent
  if (ledger === undefined || metainfo === undefined) throw new RangeError('the content is not present')
  const { layout, files } = metainfo
  return {
    pieceCount: layout.pieceCount,
    pieceLengthBytes: layout.pieceLengthBytes,
    lengthBytes: layout.lengthBytes,
    pieceLength: (piece) => layout.pieceLength(piece),
    zeroTailBytes: (piece) => layout.zeroTailBytes(piece),
    blockCount: (piece) => layout.blockCount(piece),
    blockLength: (piece, block) => layout.blockLength(piece, block),
    availability: (piece) => torrent.availability.of(piece),
    priority: (piece) => ledger.priority(piece),
    nextWanted: (from) => ledger.wanted.nextSet(from),
    have: ledger.have,
    files,
  }
}

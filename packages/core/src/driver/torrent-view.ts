import type { InfoHashes, MetainfoSummary } from '../metainfo/metainfo.js'
import type { ContentView, PeerView, TorrentState, TorrentStats, TorrentView, TrackerView } from '../ports/views.js'
import type { Ledger } from '../torrent/ledger.js'
import type { Torrent } from '../torrent/torrent.js'

/** What the driver of a torrent knows beyond the torrent itself. */
export interface ViewSource {
  readonly id: string
  readonly name: string
  readonly infoHashes: InfoHashes
  readonly private: boolean
  readonly metainfo: MetainfoSummary | undefined
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
  return new LiveView(source)
}

class LiveView implements TorrentView {
  readonly #source: ViewSource
  readonly stats: TorrentStats
  #content: { readonly ledger: Ledger; readonly view: ContentView } | undefined

  constructor(source: ViewSource) {
    this.#source = source
    this.stats = new LiveStats(source)
  }

  get content(): ContentView | undefined {
    const { torrent } = this.#source
    const { ledger } = torrent
    if (ledger === undefined) return undefined
    if (this.#content?.ledger !== ledger) this.#content = { ledger, view: contentView(torrent) }
    return this.#content.view
  }

  get peers(): Iterable<PeerView> {
    return this.#source.torrent.peers.values()
  }

  get id(): string {
    return this.#source.id
  }

  get name(): string {
    return this.#source.name
  }

  get infoHashes(): InfoHashes {
    return this.#source.infoHashes
  }

  get private(): boolean {
    return this.#source.private
  }

  get state(): TorrentState {
    return this.#source.state
  }

  get error(): Error | undefined {
    return this.#source.error
  }

  get metainfo(): MetainfoSummary | undefined {
    return this.#source.metainfo
  }

  get trackers(): readonly TrackerView[] {
    return this.#source.trackers
  }

  get picker(): string | undefined {
    return this.#source.picker
  }

  get choker(): string {
    return this.#source.choker
  }

  get storage(): string {
    return this.#source.storage
  }

  get directory(): string {
    return this.#source.directory
  }

  get paths(): readonly string[] | undefined {
    return this.#source.paths
  }

  get queuePosition(): number | undefined {
    return this.#source.queuePosition
  }

  get queueRank(): number | undefined {
    return this.#source.queueRank
  }

  get forced(): boolean {
    return this.#source.forced
  }

  get seedRatio(): number {
    return this.#source.seedRatio
  }

  get seedingMs(): number {
    return this.#source.seedingMs
  }

  get pausedBy(): TorrentView['pausedBy'] {
    return this.#source.pausedBy
  }
}

class LiveStats implements TorrentStats {
  readonly #source: ViewSource

  constructor(source: ViewSource) {
    this.#source = source
  }

  #sum(of: (peer: PeerView) => number): number {
    let total = 0
    for (const peer of this.#source.torrent.peers.values()) total += of(peer)
    return total
  }

  get receivedBytes(): number {
    return this.#source.torrent.receivedBytes
  }

  get wastedBytes(): number {
    return this.#source.torrent.wastedBytes
  }

  get uploadedBytes(): number {
    return this.#source.torrent.uploadedBytes
  }

  get verifiedBytes(): number {
    return this.#source.torrent.verifiedBytes
  }

  get wantedBytes(): number {
    return this.#source.torrent.wantedBytes
  }

  get leftBytes(): number {
    return this.#source.torrent.leftBytes
  }

  get downRate(): number {
    return this.#sum((peer) => peer.downRate)
  }

  get upRate(): number {
    return this.#sum((peer) => peer.upRate)
  }

  get peers(): number {
    return this.#source.torrent.peers.size
  }

  get seeds(): number {
    return this.#sum((peer) => Number(peer.isSeed))
  }

  get knownAddresses(): number {
    return this.#source.knownAddresses
  }

  get checkedPieces(): number {
    return this.#source.checkedPieces
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

import type { Content, ContentView, PeerView, PickView, TorrentView } from '@bitloom/core'
import { NumberSet } from './bits.js'

/** A peer as strategies and extensions see it: connected, interested, not choking, has nothing. Live where `facts` is. */
export function peerView(key: number, facts: Partial<PeerView> = {}): PeerView {
  const plain: PeerView = {
    key,
    endpoint: { kind: 'ip', host: `192.0.2.${key % 256}`, port: 6_881 + (key % 50_000) },
    listensAt: { kind: 'ip', host: `192.0.2.${key % 256}`, port: 6_881 },
    outgoing: key % 2 === 0,
    peerId: Uint8Array.from(`-BL0100-${String(key).padStart(12, '0')}`, (letter) => letter.charCodeAt(0)),
    client: 'Conformance 1.0',
    supportsFast: true,
    supportsExtensions: true,
    haves: new NumberSet(0),
    isSeed: false,
    uploadOnly: false,
    isInterested: true,
    isChoking: false,
    amInterested: true,
    amChoking: true,
    snubbed: false,
    downRate: 0,
    upRate: 0,
    downloadedBytes: 0,
    uploadedBytes: 0,
    connectedAtMs: 0,
  }
  return withFacts(plain, facts)
}

/** A torrent as chokers and extensions see it. Without `content` it waits for its metadata. */
export function torrentView(facts: Partial<TorrentView> = {}): TorrentView {
  const plain: TorrentView = {
    id: 't1',
    name: 'conformance',
    infoHashes: { v1: new Uint8Array(20).fill(7) },
    private: false,
    state: 'downloading',
    error: undefined,
    metainfo: undefined,
    content: undefined,
    stats: {
      receivedBytes: 0,
      wastedBytes: 0,
      uploadedBytes: 0,
      verifiedBytes: 0,
      wantedBytes: 0,
      leftBytes: 0,
      downRate: 0,
      upRate: 0,
      peers: 0,
      seeds: 0,
      knownAddresses: 0,
      checkedPieces: 0,
    },
    peers: [],
    trackers: [],
    picker: 'rarest-first',
    choker: 'tit-for-tat',
    queuePosition: 0,
    queueRank: 0,
    forced: false,
    seedRatio: 0,
    seedingMs: 0,
    pausedBy: undefined,
    storage: 'memory',
    directory: '/conformance',
    paths: undefined,
  }
  return withFacts(plain, facts)
}

/** What a torrent adds to the geometry of its content: nothing is had, everything wanted. */
export function contentView({ files, layout }: Content): ContentView {
  const view: PickView = {
    ...layout,
    availability: () => 1,
    priority: () => 4,
    nextWanted: (from) => (from < layout.pieceCount ? Math.max(0, from) : -1),
  }
  return { ...view, have: new NumberSet(layout.pieceCount), files }
}

/** Getters of `facts` stay getters. */
function withFacts<T extends object>(plain: T, facts: Partial<T>): T {
  return Object.defineProperties(plain, Object.getOwnPropertyDescriptors(facts)) as T
}

import { NumberSet } from '../kit/bits.js'
import { between, oneOf } from '../kit/random.js'
import type { Download } from './download.js'
import type { ReferencePeer } from './reference-torrent.js'

/** A peer with a random part of the pieces: none, a few, most, all. */
export function someHaves({ torrent, random }: Download): NumberSet {
  const inTen = oneOf(random, [0, 1, 3, 5, 9, 10, 10])
  return NumberSet.of(torrent.pieceCount, () => random.below(10) < inTen)
}

function join(download: Download): void {
  const { torrent, random } = download
  if (torrent.peers.size >= 8) return
  const allowed = Array.from({ length: 3 }, () => random.below(torrent.pieceCount))
  torrent.join(someHaves(download), { isChoking: random.below(4) === 0, allowed: random.below(2) === 0 ? allowed : [] })
  download.reset()
}

/** With the fast extension each request is rejected by itself, without it a choke drops them: free again either way. */
function choke({ torrent, random }: Download, peer: ReferencePeer): void {
  peer.isChoking = !peer.isChoking
  if (peer.isChoking && random.below(2) === 0) torrent.lapse(peer)
}

/** What may happen to a torrent between two picks. Each tells the picker what core would tell it, and no more. */
const happenings: Readonly<Record<string, (download: Download, peer: ReferencePeer) => void>> = {
  join,
  choke,
  leave: (download, peer) => {
    download.torrent.leave(peer)
    download.reset()
  },
  has: (download, peer) => {
    const piece = download.random.below(download.torrent.pieceCount)
    if (peer.haves.has(piece)) return
    peer.haves.add(piece)
    download.changed(piece)
  },
  seedJoins: ({ torrent }) => torrent.changeSeeds(1),
  seedLeaves: ({ torrent }) => torrent.changeSeeds(-1),
  late: ({ torrent }, peer) => torrent.lapse(peer),
  lead: ({ torrent }, peer) => {
    const [owed] = torrent.owed(peer)
    if (owed !== undefined) torrent.leads.set(owed.piece, peer)
  },
  prioritize: (download) => {
    const { torrent, random } = download
    const priority = oneOf(random, [0, 1, 4, 4, 7])
    const first = random.below(torrent.pieceCount)
    for (let piece = first; piece < Math.min(first + 4, torrent.pieceCount); piece++) {
      torrent.priorities[piece] = priority
      if (priority === 0) torrent.finish(piece, false)
    }
    download.reset()
  },
  lost: (download) => {
    const piece = download.torrent.have.nextSet(download.random.below(download.torrent.pieceCount))
    if (piece < 0) return
    download.torrent.have.delete(piece)
    download.changed(piece)
  },
  memory: ({ torrent, random }) => {
    torrent.mostOpen = oneOf(random, [Infinity, Infinity, torrent.open.size, torrent.open.size + 2])
  },
  wanted: (download) => {
    download.torrent.priorities.fill(4)
    download.reset()
  },
}

/** What a peer owes arrives, all or a part; a whole piece is good, or one time in ten not. */
export function deliver(download: Download, peer: ReferencePeer, share = 1): void {
  const { torrent, random } = download
  for (const { piece, block } of torrent.owed(peer)) {
    if (random.below(100) >= share * 100 || !torrent.arrive(piece, block)) continue
    torrent.finish(piece, random.below(10) > 0)
    download.changed(piece)
  }
}

/** One thing after another, drawn from the seed; most often a peer is refilled as core does, or brings what it owes. */
export function liveThrough(download: Download, steps: number): void {
  const { torrent, random } = download
  const kinds = Object.values(happenings)
  for (let step = 0; step < steps; step++) {
    if (torrent.peers.size < 2) join(download)
    const peer = oneOf(random, [...torrent.peers])
    const dice = random.below(10)
    if (dice < 4) {
      if (!peer.isChoking || peer.allowed.size > 0) download.pick(peer, between(random, 1, 40))
    } else if (dice < 6) deliver(download, peer, oneOf(random, [0.5, 1]))
    else oneOf(random, kinds)(download, peer)
  }
}

import { Clock, type PeerView, type PluginHost, Random, type ReadyTorrent, type TorrentView } from '@bitloom/core'
import type { SuperSeedingSettings } from './options.js'
import { SeedCount } from './seed-count.js'
import { ShownPieces } from './shown-pieces.js'

const tickMs = 1_000
/** HAVE messages in one go when everything is shown at last; the peers after that come with the next tick. */
const revealedAtOnce = 100_000

interface SuperSeed {
  readonly torrent: TorrentView
  readonly shown: ShownPieces
  readonly seeds: SeedCount
  /** There are seeds enough: who comes sees everything, and those who are here soon do. */
  isOver: boolean
}

/** Super-seeds the whole torrents of a session until the plugin goes; then core shows everything. */
export function seedSlowly(host: PluginHost, settings: SuperSeedingSettings): void {
  const clock = host.get(Clock)
  const random = host.get(Random).fork('super-seeding')
  const wanted = new Set(settings.torrents.map((hash) => hash.toLowerCase()))
  const seeds = new Map<string, SuperSeed>()
  /** Who has seen everything: a piece cannot be hidden from it any more. */
  const initiated = new WeakSet<PeerView>()
  for (const { peers } of host.torrents()) for (const peer of peers) initiated.add(peer)

  const begin = (torrent: ReadyTorrent): SuperSeed => {
    const control = host.control(torrent.id)
    const reveal = (peer: PeerView, piece: number): void => control.reveal(peer, piece)
    const shown = new ShownPieces(torrent, settings, random.fork(torrent.id), reveal)
    const seed = { torrent, shown, seeds: new SeedCount(), isOver: false }
    seeds.set(torrent.id, seed)
    return seed
  }

  host.hooks.showHaves.tap((_shown, peer, torrent) => {
    const seed = seeds.get(torrent.id) ?? (isWhole(torrent) && isWanted(torrent, wanted) ? begin(torrent) : undefined)
    if (seed === undefined || seed.isOver || initiated.has(peer)) {
      initiated.add(peer)
      return undefined
    }
    return seed.shown.maskFor(peer, torrent.content.pieceCount)
  })
  host.hooks.peerHas.tap((peer, piece, torrent) => seeds.get(torrent.id)?.shown.peerHas(peer, piece, clock.nowMs()))
  host.hooks.peerDisconnected.tap((peer, _reason, torrent) => {
    const seed = seeds.get(torrent.id)
    seed?.seeds.meet(peer)
    seed?.shown.left(peer)
  })
  host.hooks.torrentRemoved.tap((torrent) => void seeds.delete(torrent.id))

  let cancel = clock.after(tickMs, tick)
  host.defer(() => cancel())

  function tick(): void {
    cancel = clock.after(tickMs, tick)
    for (const seed of seeds.values()) {
      if (seed.isOver) showAll(seed)
      else step(seed)
    }
  }

  function step(seed: SuperSeed): void {
    const { torrent, shown } = seed
    for (const peer of torrent.peers) seed.seeds.meet(peer)
    if (settings.untilSeeds === 0 || seed.seeds.of(torrent) < settings.untilSeeds) {
      shown.tick(clock.nowMs())
      return
    }
    host.log.info('super-seeding is over: there are seeds enough', { torrent: torrent.name })
    seed.isOver = true
    showAll(seed)
  }

  function showAll({ torrent, shown }: SuperSeed): void {
    let left = revealedAtOnce
    for (const peer of shown.peers) {
      if (left <= 0) return
      host.control(torrent.id).reveal(peer)
      shown.left(peer)
      initiated.add(peer)
      left -= torrent.content?.pieceCount ?? 0
    }
  }
}

/** Every piece is here; a torrent that still downloads gives what it has. */
function isWhole({ content }: ReadyTorrent): boolean {
  return content.have.count === content.pieceCount
}

function isWanted({ infoHashes }: TorrentView, wanted: ReadonlySet<string>): boolean {
  if (wanted.size === 0) return true
  return [infoHashes.v1, infoHashes.v2].some((hash) => hash !== undefined && wanted.has(hexOf(hash)))
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

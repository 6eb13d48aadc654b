import {
  encode,
  type Encodable,
  latin1,
  latin1Bytes,
  type ExtensionLink,
  type MagnetLink,
  type Metainfo,
  PeerExtension,
  type PeerView,
  type Plugin,
  pluginContract,
  type Session,
  type TorrentHandle,
} from '@bitloom/core'
import { expect, onTestFinished } from 'vitest'
import { digest, makeTorrent, TestStorage, World } from '../../core/test/support/world.js'
import { parseInfo } from '../../core/src/metainfo/parse-torrent.js'
import { extMetadata, type ExtMetadataOptions } from '../src/index.js'
import { decodeMessage, encodeMessage, type MetadataMessage, pieceBytes } from '../src/protocol.js'

/** Sessions on a virtual clock that share one torrent; its metadata has some five pieces. */
export interface Scene {
  readonly world: World
  readonly metainfo: Metainfo
  readonly data: Uint8Array
  /** A whole session that seeds. */
  seeder(host: string, plugins?: readonly Plugin[]): Promise<Session>
  /** A session that has the torrent's magnet link only, and dials the hosts. */
  leecher(host: string, peers: readonly string[], options?: ExtMetadataOptions): Promise<Leecher>
}

export interface Leecher {
  readonly session: Session
  readonly download: TorrentHandle
  /** Until it has all data, for a virtual minute at the most. */
  becomesWhole(limitMs?: number): Promise<boolean>
}

export function openScene(options: { readonly metadataPieces?: number; readonly isPrivate?: boolean } = {}): Scene {
  const world = new World()
  onTestFinished(async () => {
    const closing = world.sessions.map((session) => session.close())
    await world.clock.advance(10_000)
    await Promise.all(closing)
    expect(world.faults).toEqual([])
    expect(world.clock.pending).toBe(0)
  })
  const made = makeTorrent({ lengthBytes: 6 * 65_536, pieceBytes: 65_536 })
  const metainfo = filledOf(made.metainfo, options.metadataPieces ?? 5, options.isPrivate === true)
  return {
    world,
    data: made.data,
    metainfo,
    async seeder(host, plugins = [extMetadata()]) {
      const session = await world.session(host, new TestStorage(0, made.data), plugins)
      await (
        await session.add({ torrent: metainfo, directory: '/' })
      ).ready
      return session
    },
    leecher: (host, peers, options) => leecherOf(world, metainfo, made.data.length, host, peers, options),
  }
}

/** The same torrent with an info dictionary of so many pieces of metadata, the last one half full. */
function filledOf({ info }: Metainfo, pieces: number, isPrivate: boolean): Metainfo {
  const head = latin1(info.subarray(0, -1))
  const privacy = isPrivate ? '7:privatei1e' : ''
  const left = (pieces - 0.5) * pieceBytes - head.length - privacy.length
  const filler = left > 0 ? `1:z${left}:${'z'.repeat(left)}` : ''
  return parseInfo(latin1Bytes(`${head}${privacy}${filler}e`), digest)
}

export function magnetOf(metainfo: Pick<Metainfo, 'infoHashes'>): MagnetLink {
  return { infoHashes: metainfo.infoHashes, trackers: [], webSeeds: [], peers: [] }
}

async function leecherOf(
  world: World,
  metainfo: Metainfo,
  lengthBytes: number,
  host: string,
  peers: readonly string[],
  options?: ExtMetadataOptions,
): Promise<Leecher> {
  const session = await world.session(host, new TestStorage(lengthBytes), [extMetadata(options)])
  const endpoints = peers.map((peer) => world.endpoint(peer))
  const download = await session.add({ torrent: magnetOf(metainfo), directory: '/', peers: endpoints })
  return {
    session,
    download,
    becomesWhole: (limitMs = 60_000) => world.clock.runUntil(() => download.view.state === 'seeding', limitMs),
  }
}

/** What a played peer does with the messages of the other side. */
export interface Role {
  /** What its extension handshake claims; default: the true size. */
  readonly size?: number
  /** Answers a request; default: not at all. */
  answer?(piece: number, say: (message: MetadataMessage) => void, peer: PeerView): void
  /** Called when the other side is there. */
  opened?(link: ExtensionLink, peer: PeerView): void
  heard?(message: MetadataMessage): void
}

/** A plugin that plays the other side of `ut_metadata` by hand. */
export function actor(metainfo: Metainfo, role: Role): Plugin {
  return {
    name: 'actor',
    contract: pluginContract,
    bind: (bindings) =>
      bindings.value(PeerExtension, {
        name: 'ut_metadata',
        onPrivate: true,
        hello: (into) => void into.set('metadata_size', role.size ?? metainfo.info.length),
        open(peer, _torrent, link) {
          role.opened?.(link, peer)
          return {
            message(payload) {
              const message = decodeMessage(payload)
              if (message === undefined) return
              role.heard?.(message)
              if (message.type === 'request')
                role.answer?.(message.piece, (answer) => void link.send(encodeMessage(answer)), peer)
            },
          }
        },
      }),
  }
}

/** The true piece. */
export function honest({ info }: Metainfo, piece: number): MetadataMessage {
  const bytes = info.subarray(piece * pieceBytes, (piece + 1) * pieceBytes)
  return { type: 'data', piece, totalBytes: info.length, bytes }
}

/** The piece with one byte changed. */
export function spoilt(metainfo: Metainfo, piece: number): MetadataMessage {
  const message = honest(metainfo, piece)
  if (message.type !== 'data') return message
  const bytes = message.bytes.slice()
  bytes[3] = (bytes[3] ?? 0) ^ 1
  return { ...message, bytes }
}

/** A v2-only info dictionary that can be read. */
export function v2Info(): Uint8Array {
  const file = new Map<string, Encodable>([
    ['length', 16],
    ['pieces root', digest('sha256', new Uint8Array(16))],
  ])
  return encode(
    new Map<string, Encodable>([
      ['file tree', new Map([['a', new Map([['', file]])]])],
      ['meta version', 2],
      ['name', 'a'],
      ['piece length', 16_384],
    ]),
  )
}

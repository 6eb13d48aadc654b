import type { SessionLimits } from '../../src/driver/api.js'
import type { HookRunner } from '../../src/hooks/runner.js'
import { RawPeer } from './raw-peer.js'
import { makeTorrent, TestStorage, World } from './world.js'

export const piece = 32_768
export const block = 16_384

export interface SceneOptions {
  readonly fast?: boolean
  readonly pieces?: number
  readonly pieceBytes?: number
  readonly limits?: Partial<SessionLimits>
  readonly hooks?: Partial<HookRunner>
}

/** An engine at 10.0.0.1 with the data or without, and a peer that is played by hand. */
async function scene(options: SceneOptions, whole: boolean) {
  const world = new World()
  const pieceBytes = options.pieceBytes ?? piece
  const { metainfo, data } = makeTorrent({ lengthBytes: (options.pieces ?? 10) * pieceBytes, pieceBytes })
  const gone: string[] = []
  const target = whole ? new TestStorage(0, data) : new TestStorage(data.length)
  const engine = await world.node('10.0.0.1', {
    storage: target,
    hooks: { peerDisconnected: (_peer, reason) => void gone.push(reason), ...options.hooks },
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  })
  const torrent = await world.add(engine, metainfo)
  await torrent.ready
  const peer = await RawPeer.dial(world, '10.0.0.1', metainfo, { fast: options.fast ?? true })
  const payload = (index: number, begin: number, length: number): Uint8Array =>
    data.slice(index * pieceBytes + begin, index * pieceBytes + begin + length)
  return { world, metainfo, data, engine, torrent, peer, gone, target, payload }
}

export const seeding = (options: SceneOptions = {}) => scene(options, true)
export const downloading = (options: SceneOptions = {}) => scene(options, false)

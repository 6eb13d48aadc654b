import type { Metainfo, Plugin, Session, TorrentHandle } from '@bitloom/core'
import piecePicker from '@bitloom/piece-picker'
import { expect } from 'vitest'
import { RawPeer } from '../../core/test/support/raw-peer.js'
import { makeTorrent, TestStorage, World } from '../../core/test/support/world.js'

export const pieceBytes = 65_536
const uploadBytesPerSecond = 262_144

export interface Member {
  readonly session: Session
  readonly torrent: TorrentHandle
  readonly storage: TestStorage
}

/** A seed with plugins at 10.0.0.1, and whoever joins; all upload at the same rate, on a virtual clock. */
export class Swarm {
  readonly world: World
  readonly metainfo: Metainfo
  readonly data: Uint8Array
  /** Those who joined and are to become whole. */
  readonly members: Member[] = []
  #joined = 0
  seeder!: Session
  source!: TorrentHandle

  private constructor(pieces: number, name: string) {
    this.world = new World(name)
    const { metainfo, data } = makeTorrent({ lengthBytes: pieces * pieceBytes, pieceBytes, seed: name })
    this.metainfo = metainfo
    this.data = data
  }

  static async open(options: { pieces: number; plugins?: readonly Plugin[]; name?: string }): Promise<Swarm> {
    const swarm = new Swarm(options.pieces, options.name ?? 'swarm')
    const plugins = [piecePicker(), ...(options.plugins ?? [])]
    swarm.seeder = await swarm.world.session('10.0.0.1', new TestStorage(0, swarm.data), plugins)
    swarm.seeder.setLimits({ upBytesPerSecond: uploadBytesPerSecond })
    swarm.source = await swarm.seeder.add({ torrent: swarm.metainfo, directory: '/' })
    await swarm.source.ready
    return swarm
  }

  /** A leecher that dials the seed and all leechers before it. */
  async join(): Promise<Member> {
    const { world, members, metainfo, data } = this
    const storage = new TestStorage(data.length)
    const session = await world.session(`10.0.1.${++this.#joined}`, storage, [piecePicker()])
    session.setLimits({ upBytesPerSecond: uploadBytesPerSecond })
    const hosts = ['10.0.0.1', ...Array.from({ length: this.#joined - 1 }, (_, index) => `10.0.1.${index + 1}`)]
    const peers = hosts.map((host) => world.endpoint(host))
    const torrent = await session.add({ torrent: metainfo, directory: '/', peers, picker: 'rarest-first' })
    const member = { session, storage, torrent }
    members.push(member)
    return member
  }

  /** A peer at a host that a test plays by hand; it says that it has nothing. */
  async raw(host: string): Promise<RawPeer> {
    const peer = await RawPeer.dial(this.world, '10.0.0.1', this.metainfo, { from: host, id: host })
    peer.say((wire) => wire.haveNone())
    return peer
  }

  /** Runs until everybody who joined is whole, and compares every byte. */
  async finish(): Promise<void> {
    const isWhole = (): boolean => this.members.every(({ torrent }) => torrent.view.state === 'seeding')
    expect(await this.world.clock.runUntil(isWhole, 900_000)).toBe(true)
    for (const { storage } of this.members) expect(Buffer.from(storage.data).equals(this.data)).toBe(true)
  }

  /** What the seed uploaded, in copies of the torrent. */
  get copies(): number {
    return this.source.view.stats.uploadedBytes / this.data.length
  }

  async close(): Promise<void> {
    for (const session of this.world.sessions) {
      const closed = session.close()
      await this.world.clock.advance(6_000)
      await closed
    }
    expect(this.world.faults).toEqual([])
  }
}

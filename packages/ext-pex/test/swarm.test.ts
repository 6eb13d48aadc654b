import {
  type IpEndpoint,
  latin1,
  latin1Bytes,
  PeerExtension,
  type Plugin,
  pluginContract,
  type Session,
} from '@bitloom/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { parseInfo } from '../../core/src/metainfo/parse-torrent.js'
import { digest, makeTorrent, TestStorage, World } from '../../core/test/support/world.js'
import { extPex } from '../src/index.js'
import { decodePex, encodePex, type PexMessage } from '../src/protocol.js'

const { metainfo, data } = makeTorrent({ lengthBytes: 6 * 65_536, pieceBytes: 65_536 })
const secret = parseInfo(latin1Bytes(`${latin1(metainfo.info.subarray(0, -1))}7:privatei1ee`), digest)

function openScene(torrent = metainfo) {
  const world = new World()
  onTestFinished(async () => {
    const closing = world.sessions.map((session) => session.close())
    await world.clock.advance(10_000)
    await Promise.all(closing)
    expect(world.faults).toEqual([])
    expect(world.clock.pending).toBe(0)
  })
  return {
    world,
    /** A session at a host; `whole` seeds. Dials the peers. */
    async node(host: string, peers: readonly string[], options: { whole?: boolean; plugins?: readonly Plugin[] } = {}) {
      const storage = options.whole === true ? new TestStorage(0, data) : new TestStorage(data.length)
      const session = await world.session(host, storage, options.plugins ?? [extPex()])
      const endpoints = peers.map((peer) => world.endpoint(peer))
      const { view, ready } = await session.add({ torrent, directory: '/', peers: endpoints })
      await ready
      return { session, view }
    },
  }
}

const at = (world: World, host: string): IpEndpoint => world.endpoint(host) as IpEndpoint

const hosts = (session: Session): string[] =>
  [...(session.torrents()[0]?.peers ?? [])]
    .map(({ listensAt }) => (listensAt?.kind === 'ip' ? `${listensAt.host}:${listensAt.port}` : '?'))
    .toSorted()

/** A peer that plays `ut_pex` by hand. */
function actor(role: {
  open?(send: (message: PexMessage | Uint8Array) => void): void
  heard?(message: PexMessage): void
}): Plugin {
  return {
    name: 'actor',
    contract: pluginContract,
    bind: (bindings) =>
      bindings.value(PeerExtension, {
        name: 'ut_pex',
        onPrivate: true,
        open(_peer, _torrent, link) {
          role.open?.((message) => link.send(message instanceof Uint8Array ? message : encodePex(message)))
          return {
            message(payload) {
              const message = decodePex(payload)
              if (message !== undefined) role.heard?.(message)
            },
          }
        },
      }),
  }
}

describe('peer exchange', () => {
  it('brings those together who know the same peer only', async () => {
    const { world, node } = openScene()
    await node('10.0.0.1', [], { whole: false })
    const left = await node('10.0.0.2', ['10.0.0.1'])
    const right = await node('10.0.0.3', ['10.0.0.1'])
    await world.clock.advance(1_000)
    expect(hosts(left.session)).toEqual(['10.0.0.1:6881'])
    await world.clock.advance(70_000)
    expect(hosts(left.session)).toEqual(['10.0.0.1:6881', '10.0.0.3:6881'])
    expect(hosts(right.session)).toEqual(['10.0.0.1:6881', '10.0.0.2:6881'])
  })

  it.each([
    ['a seed that we dialled', true, 0x12],
    ['no seed', false, 0x10],
  ])('tells where %s listens', async (_what, whole, flags) => {
    const { world, node } = openScene()
    await node('10.0.0.1', ['10.0.0.2'])
    await node('10.0.0.2', [], { whole, plugins: [] })
    const heard: PexMessage[] = []
    await node('10.0.0.3', ['10.0.0.1'], { plugins: [actor({ heard: (message) => void heard.push(message) })] })
    await world.clock.advance(6_000)
    expect(heard).toEqual([{ added: [{ endpoint: world.endpoint('10.0.0.2'), flags }], dropped: [] }])
  })

  it('tells who left a minute later at the earliest', async () => {
    const { world, node } = openScene()
    await node('10.0.0.1', [])
    const other = await node('10.0.0.2', ['10.0.0.1'], { plugins: [] })
    const heard: [number, PexMessage][] = []
    await node('10.0.0.3', ['10.0.0.1'], {
      plugins: [actor({ heard: (message) => void heard.push([world.clock.nowMs(), message]) })],
    })
    await world.clock.advance(10_000)
    const closing = other.session.close()
    await world.clock.advance(30_000)
    await closing
    expect(heard.map(([, message]) => message)).toEqual([
      { added: [{ endpoint: world.endpoint('10.0.0.2'), flags: 0 }], dropped: [] },
    ])
    await world.clock.advance(60_000)
    expect(heard[1]?.[1]).toEqual({ added: [], dropped: [world.endpoint('10.0.0.2')] })
    expect((heard[1]?.[0] ?? 0) - (heard[0]?.[0] ?? 0)).toBeGreaterThanOrEqual(60_000)
  })

  it('of a private torrent neither tells nor takes', async () => {
    const { world, node } = openScene(secret)
    const heard: PexMessage[] = []
    const middle = await node('10.0.0.1', [], { whole: true })
    await node('10.0.0.2', ['10.0.0.1'])
    const names = { added: [{ endpoint: at(world, '10.0.0.77'), flags: 0 }], dropped: [] }
    const talking = actor({ open: (send) => send(names), heard: (message) => void heard.push(message) })
    await node('10.0.0.3', ['10.0.0.1'], { plugins: [talking] })
    await world.clock.advance(200_000)
    expect(heard).toEqual([])
    expect(middle.view.stats.knownAddresses).toBe(2)
  })

  it('disconnects who floods, and has taken little of it', async () => {
    const { world, node } = openScene()
    const middle = await node('10.0.0.1', [])
    const reasons: string[] = []
    middle.session.hooks.peerDisconnected.tap((_peer, reason) => void reasons.push(reason))
    const flood = actor({
      open: (send) => {
        for (let count = 0; count < 80; count++) {
          const added = Array.from({ length: 50 }, (_, index) => ({
            endpoint: at(world, `10.1.${count}.${index + 1}`),
            flags: 0,
          }))
          send({ added, dropped: [] })
        }
      },
    })
    await node('10.0.0.2', ['10.0.0.1'], { plugins: [flood] })
    await world.clock.advance(2_000)
    expect(reasons).toEqual(['floods with peer exchange'])
    expect(middle.view.stats.knownAddresses).toBeLessThanOrEqual(151)
  })

  it('refuses what names no host to dial', async () => {
    const { world, node } = openScene()
    const middle = await node('10.0.0.1', [])
    const nonsense = ['0.0.0.0', '255.255.255.255', '224.0.0.1', '10.0.0.1']
    const added = nonsense.map((host) => ({ endpoint: at(world, host), flags: 0 }))
    const portless = { endpoint: { kind: 'ip', host: '10.0.0.9', port: 0 } as const, flags: 0 }
    const lying = actor({ open: (send) => send({ added: [...added, portless], dropped: [] }) })
    await node('10.0.0.2', ['10.0.0.1'], { plugins: [lying] })
    await world.clock.advance(2_000)
    expect(middle.view.stats.knownAddresses).toBe(1)
  })
})

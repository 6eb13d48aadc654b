import {
  type Connection,
  type IpEndpoint,
  latin1,
  latin1Bytes,
  PeerExtension,
  type Plugin,
  pluginContract,
  TrackerClient,
  type Transport,
} from '@bitloom/core'
import { expect, it } from 'vitest'
import { parseInfo } from '../../core/src/metainfo/parse-torrent.js'
import { digest, makeTorrent, TestStorage, World } from '../../core/test/support/world.js'
import { extPex } from '../src/index.js'
import { encodePex } from '../src/protocol.js'

const { metainfo, data } = makeTorrent({ lengthBytes: 6 * 65_536, pieceBytes: 65_536 })
const secret = parseInfo(latin1Bytes(`${latin1(metainfo.info.subarray(0, -1))}7:privatei1ee`), digest)
const ours = '10.0.0.1'
const byTracker = '10.0.0.2'
const byUser = '10.0.0.3'
const byPex = '10.0.0.4'

/** Speaks `ut_pex` whatever the torrent is: names a stranger, and counts what it hears. */
function teller(world: World, heard: { messages: number }): Plugin {
  const endpoint = world.endpoint(byPex) as IpEndpoint
  return {
    name: 'teller',
    contract: pluginContract,
    bind: (bindings) =>
      bindings.value(PeerExtension, {
        name: 'ut_pex',
        onPrivate: true,
        open: (_peer, _torrent, link) => {
          link.send(encodePex({ added: [{ endpoint, flags: 0 }], dropped: [] }))
          return { message: () => void heard.messages++ }
        },
      }),
  }
}

/** Trackers of one peer. */
function trackers(world: World): Plugin {
  const announce = async () => ({ peers: [world.endpoint(byTracker)] })
  return {
    name: 'trackers',
    contract: pluginContract,
    bind: (bindings) => bindings.value(TrackerClient, { schemes: ['udp'], announce }),
  }
}

/** Whom our host dialled, and how many packets it sent to each. */
function counting(world: World): ReadonlyMap<string, number> {
  const packets = new Map<string, number>()
  const { network } = world
  const transportOf = network.transport.bind(network)
  network.transport = (host): Transport => {
    const inner = transportOf(host)
    if (host !== ours) return inner
    return {
      ...inner,
      dial: async (to, signal): Promise<Connection> => {
        const there = to.kind === 'ip' ? to.host : to.url
        packets.set(there, packets.get(there) ?? 0)
        const connection = await inner.dial(to, signal)
        const write = connection.write.bind(connection)
        connection.write = (bytes, done) => {
          packets.set(there, (packets.get(there) ?? 0) + 1)
          return write(bytes, done)
        }
        return connection
      },
    }
  }
  return packets
}

async function run(torrent: typeof metainfo) {
  const world = new World()
  const packets = counting(world)
  const heard = { messages: 0 }
  for (const host of [byTracker, byUser, byPex]) {
    const session = await world.session(host, new TestStorage(data.length), [teller(world, heard)])
    await session.add({ torrent, directory: '/' })
  }
  const session = await world.session(ours, new TestStorage(0, data), [extPex(), trackers(world)])
  const options = { torrent, directory: '/', trackers: [['udp://t.example/']], limits: { upBytesPerSecond: 1_000 } }
  const { control } = await session.add({ ...options, peers: [world.endpoint(byUser)] })
  await world.clock.advance(5_000)
  for (const source of ['pex', 'dht', 'lsd']) control.addPeers([world.endpoint('10.0.0.5')], source)
  await world.clock.advance(200_000)
  const closing = Promise.all(world.sessions.map((one) => one.close()))
  await world.clock.advance(10_000)
  await closing
  return { packets, pexMessages: heard.messages }
}

it('a private torrent sends packets to peers of its trackers and the user only, and tells nobody of peers', async () => {
  const quiet = await run(secret)
  const open = await run(metainfo)
  expect([...quiet.packets.keys()].toSorted()).toEqual([byTracker, byUser])
  expect([...quiet.packets.values()].every((count) => count > 0)).toBe(true)
  expect(quiet.pexMessages).toBe(0)
  // The same scene with a public torrent: what was counted happens there.
  expect([...open.packets.keys()]).toEqual(expect.arrayContaining([byTracker, byUser, byPex, '10.0.0.5']))
  expect(open.pexMessages).toBeGreaterThan(0)
  const sum = [...quiet.packets.values()].reduce((all, count) => all + count, 0)
  console.log(
    `limits: a private torrent: ${sum} packets to the peers of its tracker and the user, 0 to others; 0 ut_pex messages (${open.pexMessages} of a public one)`,
  )
})

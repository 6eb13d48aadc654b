import { describe, expect, it } from 'vitest'
import { latin1, latin1Bytes } from '../src/bytes/text.js'
import type { AddOptions } from '../src/driver/api.js'
import { parseInfo } from '../src/metainfo/parse-torrent.js'
import { KnownAddresses } from '../src/torrent/known-addresses.js'
import { encodeHandshake } from '../src/wire/handshake.js'
import { digest, makeTorrent, TestStorage, World } from './support/world.js'

// What becomes of a torrent that is added by its hash alone, as core does it; who brings the metadata is a plugin's matter.

const { metainfo, data } = makeTorrent({ lengthBytes: 4 * 65_536, pieceBytes: 65_536 })
const link = { infoHashes: metainfo.infoHashes, trackers: [], webSeeds: [], peers: [] }

/** A torrent of three files of one piece each. */
function threeFiles() {
  const file = (name: string): string => `d6:lengthi65536e4:pathl1:${name}ee`
  const info = `d5:filesl${file('a')}${file('b')}${file('c')}e4:name1:t12:piece lengthi65536e6:pieces60:${'x'.repeat(60)}e`
  return parseInfo(new TextEncoder().encode(info), digest)
}

/** The torrent of this file, but private. */
function privateTorrent() {
  return parseInfo(latin1Bytes(`${latin1(metainfo.info.subarray(0, -1))}7:privatei1ee`), digest)
}

async function wanted(options: Pick<AddOptions, 'wantedFiles'>, selectOnly?: readonly number[]) {
  const world = new World()
  const three = threeFiles()
  const session = await world.session('10.0.0.2', new TestStorage(3 * 65_536))
  const torrent = { ...link, infoHashes: three.infoHashes, ...(selectOnly === undefined ? {} : { selectOnly }) }
  const { control, view, ready, completed } = await session.add({ torrent, directory: '/', ...options })
  const failure = completed.catch((error: unknown) => error)
  void ready.catch(() => undefined)
  expect(await control.provideInfo(three.info)).toBe(true)
  await world.clock.advance(100)
  const priorities = [0, 1, 2].map((piece) => view.content?.priority(piece))
  return { priorities, failure, view }
}

describe('the files of a magnet link', () => {
  it('are all wanted, or those that the link selects (BEP 53), or those that the caller chooses', async () => {
    expect((await wanted({})).priorities).toEqual([4, 4, 4])
    expect((await wanted({}, [1, 7])).priorities).toEqual([0, 4, 0])
    expect((await wanted({ wantedFiles: [true, false, false] }, [1])).priorities).toEqual([4, 0, 0])
    const last = await wanted({ wantedFiles: ({ files }) => files.map(({ path }) => path.endsWith('c')) }, [1])
    expect(last.priorities).toEqual([0, 0, 4])
  })

  it('fail the torrent when their choice does', async () => {
    const fault = new RangeError('no such file')
    const { failure, view } = await wanted({
      wantedFiles: () => {
        throw fault
      },
    })
    expect(await failure).toBe(fault)
    expect(view.state).toBe('failed')
  })
})

describe('metadata that is provided', () => {
  it('must have every hash that is known', async () => {
    const world = new World()
    const session = await world.session('10.0.0.2', new TestStorage(data.length))
    const infoHashes = { ...metainfo.infoHashes, v2: new Uint8Array(32) }
    const { control } = await session.add({ torrent: { ...link, infoHashes }, directory: '/' })
    expect(await control.provideInfo(metainfo.info)).toBe(false)
  })

  it('while the torrent is paused is used when it goes on', async () => {
    const world = new World()
    const session = await world.session('10.0.0.2', new TestStorage(0, data))
    const { control, view } = await session.add({ torrent: link, directory: '/' })
    control.pause()
    expect(await control.provideInfo(metainfo.info)).toBe(true)
    expect(view.state).toBe('paused')
    control.resume()
    expect(await world.clock.runUntil(() => view.state === 'seeding', 10_000)).toBe(true)
  })
})

describe('a magnet link that is added paused', () => {
  it('asks nobody before it is resumed', async () => {
    const world = new World()
    const seeder = await world.session('10.0.0.1', new TestStorage(0, data))
    await seeder.add({ torrent: metainfo, directory: '/' })
    let announces = 0
    const tracker = { schemes: ['test'], announce: async () => (announces++, { peers: [] }) }
    const engine = await world.node('10.0.0.2', { storage: new TestStorage(data.length), trackers: [tracker] })
    const peers = [world.endpoint('10.0.0.1')]
    const torrent = { ...link, trackers: ['test://tracker'] }
    const { control, view } = await engine.add({ torrent, directory: '/', paused: true, peers })
    await world.clock.advance(10_000)
    expect([view.state, view.stats.peers, announces]).toEqual(['paused', 0, 0])
    control.resume()
    await world.clock.advance(10_000)
    expect([view.state, view.stats.peers, announces]).toEqual(['fetching-metadata', 1, 1])
    expect(await control.provideInfo(metainfo.info)).toBe(true)
    expect(await world.clock.runUntil(() => view.state === 'seeding', 20_000)).toBe(true)
  })
})

describe('announces without metadata', () => {
  it('do not say that nothing is left', async () => {
    const world = new World()
    const left: number[] = []
    const tracker = {
      schemes: ['test'],
      announce: async (request: { left: number }) => {
        left.push(request.left)
        return { peers: [] }
      },
    }
    const engine = await world.node('10.0.0.2', { storage: new TestStorage(0), trackers: [tracker] })
    await engine.add({ torrent: { ...link, trackers: ['test://tracker'] }, directory: '/' })
    await world.clock.advance(1_000)
    expect(left).toEqual([16_384])
  })
})

describe('who is known', () => {
  it('by other sources than these is forgotten, whatever they named as well is kept', () => {
    const known = new KnownAddresses(10, () => false)
    const at = (host: string) => ({ kind: 'ip', host, port: 6881 }) as const
    known.add(at('10.0.0.1'), 'pex', 0)
    known.add(at('10.0.0.2'), 'tracker', 0)
    known.add(at('10.0.0.3'), 'pex', 0)
    known.add(at('10.0.0.3'), 'tracker', 0)
    known.connected(at('10.0.0.1'), 0)
    expect(known.keepOnly(new Set(['tracker', 'user']))).toEqual([at('10.0.0.1')])
    expect(known.size).toBe(2)
    expect([known.next(1), (known.dialling(at('10.0.0.2')), known.next(1))]).toEqual([at('10.0.0.2'), at('10.0.0.3')])
  })

  it('of a torrent that turns out to be private leaves, unless its trackers or the user named it', async () => {
    const world = new World()
    const secret = privateTorrent()
    for (const host of ['10.0.0.1', '10.0.0.3']) {
      const seeder = await world.session(host, new TestStorage(0, data))
      await (
        await seeder.add({ torrent: secret, directory: '/' })
      ).ready
    }
    const session = await world.session('10.0.0.2', new TestStorage(data.length))
    const reasons: string[] = []
    session.hooks.peerDisconnected.tap((_peer, reason) => void reasons.push(reason))
    const peers = [world.endpoint('10.0.0.1')]
    const torrent = { ...link, infoHashes: secret.infoHashes }
    const { control, view } = await session.add({ torrent, directory: '/', peers })
    control.addPeers([world.endpoint('10.0.0.3')], 'pex')
    expect(await world.clock.runUntil(() => view.stats.peers === 2, 5_000)).toBe(true)
    expect(await control.provideInfo(secret.info)).toBe(true)
    expect(await world.clock.runUntil(() => view.state === 'seeding', 10_000)).toBe(true)
    expect(reasons).toEqual(['the torrent is private'])
    expect(view.stats.knownAddresses).toBe(1)
  })

  it.each([
    ['is dialled', { dialMs: 1_000 }, ['10.0.0.1', '10.0.0.4']],
    ['shakes hands', { latencyMs: 1_000 }, ['10.0.0.1', '10.0.0.3', '10.0.0.4']],
  ])(
    'of a torrent that turns out to be private becomes no peer any more while it %s',
    async (_name, network, heard) => {
      const world = new World()
      const secret = privateTorrent()
      Object.assign(world.network, network)
      const handshakes = new Set<string>()
      for (const host of ['10.0.0.1', '10.0.0.3', '10.0.0.4']) {
        const transport = world.network.transport(host)
        await transport.listen?.({ kind: 'ip', host, port: 6881 }, (connection) => {
          connection.onBytes(() => void handshakes.add(host))
          const peerId = new TextEncoder().encode(`-XX0000-${host}x`.padEnd(20, 'x'))
          const infoHash = secret.infoHashes.v1 ?? new Uint8Array(20)
          connection.write(encodeHandshake({ infoHash, peerId, reserved: new Uint8Array(8) }), () => {})
        })
      }
      const session = await world.session('10.0.0.2', new TestStorage(data.length))
      const torrent = { ...link, infoHashes: secret.infoHashes }
      const peers = [world.endpoint('10.0.0.1')]
      const { control, view } = await session.add({ torrent, directory: '/', peers })
      control.addPeers([world.endpoint('10.0.0.3'), world.endpoint('10.0.0.4')], 'pex')
      await world.clock.advance(500)
      expect(await control.provideInfo(secret.info)).toBe(true)
      control.addPeers([world.endpoint('10.0.0.4')], 'tracker')
      expect(await world.clock.runUntil(() => view.stats.peers === 2, 10_000)).toBe(true)
      await world.clock.advance(5_000)
      const hosts = [...view.peers].map(({ endpoint }) => endpoint.kind === 'ip' && endpoint.host)
      expect(hosts.toSorted()).toEqual(['10.0.0.1', '10.0.0.4'])
      expect([...handshakes].toSorted()).toEqual(heard)
      expect(world.faults).toEqual([])
    },
  )

  it('as a peer says where it listens', async () => {
    const world = new World()
    const seeder = await world.session('10.0.0.1', new TestStorage(0, data))
    const { view } = await seeder.add({ torrent: metainfo, directory: '/' })
    const leecher = await world.session('10.0.0.2', new TestStorage(data.length))
    const { view: mine } = await leecher.add({ torrent: metainfo, directory: '/', peers: [world.endpoint('10.0.0.1')] })
    await world.clock.runUntil(() => mine.stats.peers === 1, 5_000)
    await world.clock.advance(100)
    expect([...mine.peers].map(({ listensAt }) => listensAt)).toEqual([world.endpoint('10.0.0.1')])
    const [peer] = view.peers
    expect(peer?.listensAt).toEqual(world.endpoint('10.0.0.2'))
    expect(peer?.endpoint).not.toEqual(peer?.listensAt)
  })
})

import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Plugin, pluginContract, type PluginHost, type Session, type TorrentHandle } from '@bitloom/core'
import piecePicker from '@bitloom/piece-picker'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { RawPeer } from '../../core/test/support/raw-peer.js'
import { makeTorrent, TestStorage, World } from '../../core/test/support/world.js'
import admission, { Admission, type AdmissionOptions } from '../src/index.js'

const pieceBytes = 32_768
const folder = mkdtempSync(join(tmpdir(), 'bitloom-admission-'))
const worlds: World[] = []

afterEach(async () => {
  for (const world of worlds.splice(0)) {
    for (const session of world.sessions) {
      const closed = session.close()
      await world.clock.advance(6_000)
      await closed
    }
    expect(world.faults).toEqual([])
  }
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function list(text: string): string {
  const path = join(mkdtempSync(join(folder, 'list-')), 'list')
  writeFileSync(path, text)
  return path
}

interface Scene {
  readonly world: World
  readonly seeder: Session
  readonly seed: TorrentHandle
  readonly service: Admission
  readonly metainfo: ReturnType<typeof makeTorrent>['metainfo']
  readonly data: Uint8Array
}

/** A seed at 10.0.0.1 with the plugin, and a plugin beside it that has its service. */
async function scene(options?: AdmissionOptions, pieces = 8): Promise<Scene> {
  const world = new World()
  worlds.push(world)
  const { metainfo, data } = makeTorrent({ lengthBytes: pieces * pieceBytes, pieceBytes })
  let host: PluginHost | undefined
  const user: Plugin = { name: 'user', contract: pluginContract, apply: (given) => void (host = given) }
  const seeder = await world.session('10.0.0.1', new TestStorage(0, data), [admission(options), user])
  const seed = await seeder.add({ torrent: metainfo, directory: '/' })
  await seed.ready
  const service = host?.get(Admission)
  if (service === undefined) throw new Error('no service')
  return { world, seeder, seed, service, metainfo, data }
}

/** A session that dials the seed. */
async function joined({ world, metainfo, data }: Scene, host: string, plugins: Plugin[] = []): Promise<TorrentHandle> {
  const session = await world.session(host, new TestStorage(data.length), plugins)
  return session.add({ torrent: metainfo, directory: '/', peers: [world.endpoint('10.0.0.1')] })
}

/** Lets real files be read while the virtual clock stands. */
async function until(isDone: () => boolean): Promise<void> {
  for (let turn = 0; turn < 100_000 && !isDone(); turn++) await new Promise((resolve) => setImmediate(resolve))
  expect(isDone()).toBe(true)
}

describe('lists', () => {
  it('keep out who dials us, and let in the others', async () => {
    const at = await scene({ lists: list('Bad:10.0.0.2-10.0.0.9\n'), block: '2001:db8::/32', allow: ['10.0.0.4'] })
    const [bad, good, allowed] = [
      await joined(at, '10.0.0.2'),
      await joined(at, '10.0.0.10'),
      await joined(at, '10.0.0.4'),
    ]
    await at.world.clock.runUntil(() => good.view.state === 'seeding' && allowed.view.state === 'seeding', 60_000)
    expect([bad, good, allowed].map(({ view }) => view.state)).toEqual(['downloading', 'seeding', 'seeding'])
    expect(['10.0.0.3', '2001:db8::1', '10.0.0.4', '10.0.1.1'].map((host) => at.service.isBlocked(host))).toEqual([
      true,
      true,
      false,
      false,
    ])
  })

  it('keep us from remembering and dialling', async () => {
    const at = await scene()
    const shy = await joined(at, '10.0.0.2', [admission({ block: ['10.0.0.1'] })])
    await at.world.clock.advance(30_000)
    expect(shy.view.stats).toMatchObject({ peers: 0, knownAddresses: 0 })
    expect(at.seed.view.stats.peers).toBe(0)
  })

  it('put out who is in when they are loaded again, and removal lets them in again', async () => {
    const path = list('')
    const at = await scene({ lists: [path] }, 200)
    at.seeder.setLimits({ upBytesPerSecond: 65_536 })
    const [first, second] = [await joined(at, '10.0.0.2'), await joined(at, '10.0.0.3')]
    await at.world.clock.runUntil(() => at.seed.view.stats.peers === 2, 30_000)
    writeFileSync(path, '10.0.0.2\nnot a line\n')
    expect(await at.service.reload()).toEqual([{ path, lines: 2, ranges: 1, badLines: 1, firstBadLine: 2 }])
    await at.world.clock.advance(60_000)
    expect([...at.seed.view.peers].map(({ endpoint }) => endpoint)).toMatchObject([{ host: '10.0.0.3' }])
    await at.seeder.remove('admission')
    expect(await at.world.clock.runUntil(() => at.seed.view.stats.peers === 2, 600_000)).toBe(true)
    await at.world.clock.advance(1_000)
    expect([first, second].map(({ view }) => view.stats.peers)).toEqual([1, 1])
  })

  it('are loaded again by themselves when a file changed, and once only', async () => {
    const path = list('10.0.0.2')
    const { world, service } = await scene({ lists: path, reloadMs: 5_000 })
    writeFileSync(path, '10.0.0.3')
    utimesSync(path, 1, 1)
    await world.clock.advance(5_001)
    await until(() => service.isBlocked('10.0.0.3'))
    expect(service.isBlocked('10.0.0.2')).toBe(false)
  })

  it('stay as they were when they cannot be loaded again', async () => {
    const path = list('10.0.0.2')
    const { world, service } = await scene({ lists: path, reloadMs: 5_000, strict: true })
    writeFileSync(path, 'nonsense')
    await expect(service.reload()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    rmSync(path)
    await expect(service.reload()).rejects.toMatchObject({ code: 'IO' })
    await world.clock.advance(20_000)
    expect(service.isBlocked('10.0.0.2')).toBe(true)
  })

  it('that cannot be loaded at the start are an error with the name of the plugin', async () => {
    const path = list('1.1.1.1\nnonsense\n')
    for (const options of [{ lists: '/none/at/all' }, { lists: path, strict: true }]) {
      const world = new World()
      const opening = world.session('10.0.0.1', new TestStorage(1), [admission(options)])
      await expect(opening).rejects.toMatchObject({
        plugin: 'admission',
        message: expect.stringContaining(options.lists) as string,
      })
    }
  })

  it('loaded while a session runs put out who is in', async () => {
    const at = await scene(undefined, 200)
    await at.seeder.remove('admission')
    at.seeder.setLimits({ upBytesPerSecond: 65_536 })
    await joined(at, '10.0.0.2')
    await at.world.clock.runUntil(() => at.seed.view.stats.peers === 1, 30_000)
    await at.seeder.use(admission({ block: '10.0.0.0/24' }))
    await at.world.clock.advance(1_000)
    expect(at.seed.view.stats.peers).toBe(0)
  })
})

describe('clients', () => {
  const raw = async (at: Scene, id: string, from: string): Promise<RawPeer> =>
    RawPeer.dial(at.world, '10.0.0.1', at.metainfo, { id, from })

  it('are kept out by peer id and by name, and their host is banned', async () => {
    const at = await scene({ clients: ['-XL????-*', 'qBittorrent 4*'] })
    const peers = [
      await raw(at, '-XL0012-abcdefghijkl', '10.0.0.2'),
      await raw(at, '-qB4520-abcdefghijkl', '10.0.0.3'),
      await raw(at, '-qB5000-abcdefghijkl', '10.0.0.4'),
      await raw(at, '-TR4000-abcdefghijkl', '10.0.0.2'),
    ]
    await at.world.clock.advance(1_000)
    expect(peers.map(({ isClosed }) => isClosed)).toEqual([true, true, false, true])
  })

  it('are kept out by the name that they say in their extension handshake', async () => {
    const at = await scene({ clients: 'Bitloom*' }, 200)
    await joined(at, '10.0.0.2')
    await at.world.clock.advance(30_000)
    expect(at.seed.view.stats.peers).toBe(0)
    expect(at.seed.view.stats.uploadedBytes).toBe(0)
  })
})

describe('leeches', () => {
  it('who take and do not give are banned; who gives, or has nothing to give, is not', async () => {
    const world = new World()
    worlds.push(world)
    const { metainfo, data } = makeTorrent({ lengthBytes: 160 * pieceBytes, pieceBytes })
    const add = async (session: Session, ...hosts: string[]): Promise<TorrentHandle> =>
      session.add({
        torrent: metainfo,
        directory: '/',
        picker: 'random',
        peers: hosts.map((host) => world.endpoint(host)),
      })
    const seeder = await world.session('10.0.0.1', new TestStorage(0, data), [piecePicker()])
    seeder.setLimits({ upBytesPerSecond: 131_072 })
    await add(seeder)
    const rules = admission({ leechBytes: 100_000, leechMs: 10_000 })
    const watched = await world.session('10.0.0.2', new TestStorage(data.length), [piecePicker(), rules])
    const download = await add(watched, '10.0.0.1')
    const gone: string[] = []
    watched.hooks.peerDisconnected.tap((peer, reason) => {
      if (peer.endpoint.kind === 'ip') gone.push(`${peer.endpoint.host} ${reason}`)
    })
    // It has the second half, which is wanted all the time, and unchokes nobody.
    const mean: Plugin = {
      name: 'mean',
      contract: pluginContract,
      apply: (host) => host.hooks.chokeDecision.tap(() => []),
    }
    const half = new TestStorage(0, data.slice().fill(0, 0, data.length / 2))
    await add(await world.session('10.0.0.3', half, [piecePicker(), mean]), '10.0.0.1', '10.0.0.2')
    await add(await world.session('10.0.0.4', new TestStorage(data.length), [piecePicker()]), '10.0.0.1', '10.0.0.2')
    await world.clock.runUntil(() => download.view.state === 'seeding', 300_000)
    expect(gone).toEqual(['10.0.0.3 it takes and does not give'])
  })
})

it.each([
  [{ lists: 5 }, 'lists'],
  [{ block: ['10.0.0.0/8', 'x'] }, 'block.1'],
  [{ allow: 'x' }, 'allow'],
  [{ leechRatio: 2 }, 'leechRatio'],
  [{ list: 'a' }, 'Unrecognized key: "list"'],
] as [object, string][])('the options %j are refused by name', (options, key) => {
  expect(() => admission(options)).toThrow(`admission got wrong options: ${key}`)
})

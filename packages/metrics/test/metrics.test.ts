import { readFileSync } from 'node:fs'
import { type Plugin, pluginContract, type PluginHost, type Session } from '@bitloom/core'
import { afterEach, describe, expect, it } from 'vitest'
import { makeTorrent, TestStorage, World } from '../../core/test/support/world.js'
import metrics, { Metrics, type MetricsOptions } from '../src/index.js'
import { definitions } from '../src/definitions.js'

const pieceBytes = 32_768
const pieces = 8
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

/** A downloader with the plugin, whose metrics `read` answers; a seed of the same torrent is at 10.0.0.1. */
async function scene(options: MetricsOptions, others: Plugin[] = []) {
  const world = new World()
  worlds.push(world)
  const { metainfo, data } = makeTorrent({ lengthBytes: pieces * pieceBytes, pieceBytes })
  const seeder = await world.session('10.0.0.1', new TestStorage(0, data), [])
  await (
    await seeder.add({ torrent: metainfo, directory: '/' })
  ).ready
  let host: PluginHost | undefined
  const user: Plugin = { name: 'user', contract: pluginContract, apply: (given) => void (host = given) }
  const session = await world.session('10.0.0.2', new TestStorage(data.length), [metrics(options), user, ...others])
  const service = host?.get(Metrics)
  if (service === undefined) throw new Error('no service')
  const read = async () => values(await service.registry.metrics())
  const join = () => session.add({ torrent: metainfo, directory: '/', peers: [world.endpoint('10.0.0.1')] })
  return { world, metainfo, session, service, read, join }
}

/** `name{labels}` → value, of the text that Prometheus reads. */
function values(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  )
}

async function removeFrom(session: Session, world: World, name: string): Promise<void> {
  const removed = session.remove(name)
  await world.clock.advance(100)
  await removed
}

describe('a download', () => {
  it('is counted: bytes, pieces, peers, choke rounds; bytes stay when the torrent goes', async () => {
    const { world, read, join } = await scene({ port: false })
    expect((await read()).get('bitloom_received_bytes_total')).toBe(0)
    const torrent = await join()
    await world.clock.advance(60_000)
    await torrent.completed
    const whole = await read()
    expect(Object.fromEntries(whole)).toMatchObject({
      bitloom_received_bytes_total: pieces * pieceBytes,
      bitloom_left_bytes: 0,
      bitloom_unwritten_bytes: 0,
      bitloom_pieces_verified_total: pieces,
      bitloom_pieces_rejected_total: 0,
      bitloom_connections_total: 1,
      'bitloom_torrents{state="seeding"}': 1,
    })
    expect(whole.get('bitloom_hook_calls_total{hook="pieceVerified",plugin="metrics"}')).toBe(pieces)
    const removed = torrent.remove()
    await world.clock.advance(6_000)
    await removed
    const after = await read()
    expect(after.get('bitloom_received_bytes_total')).toBe(pieces * pieceBytes)
    expect(after.get('bitloom_torrents{state="seeding"}')).toBeUndefined()
    expect(after.get('bitloom_peers{kind="seed"}')).toBe(0)
  })

  it('shows what waits for the disk while it waits', async () => {
    const { world, read, join } = await scene({ port: false })
    await join()
    let most = 0
    for (let ms = 0; ms < 2_000; ms++) {
      await world.clock.advance(1)
      most = Math.max(most, (await read()).get('bitloom_unwritten_bytes') ?? 0)
    }
    expect(most).toBeGreaterThanOrEqual(pieceBytes)
  })

  it('counts choke rounds of a seed, and whom they unchoke', async () => {
    const { world, metainfo, read, join } = await scene({ port: false })
    const torrent = await join()
    await world.clock.advance(60_000)
    await torrent.completed
    const third = await world.session('10.0.0.3', new TestStorage(pieces * pieceBytes), [])
    await third.add({ torrent: metainfo, directory: '/', peers: [world.endpoint('10.0.0.2')] })
    await world.clock.advance(500)
    const found = await read()
    expect(found.get('bitloom_choke_rounds_total')).toBeGreaterThan(0)
    expect(found.get('bitloom_unchoked_peers')).toBe(1)
  })
})

describe('plugins', () => {
  it('that are slow or fail are named', async () => {
    const slow: Plugin = {
      name: 'slow',
      contract: pluginContract,
      apply({ hooks }) {
        hooks.pieceVerified.tap(() => {
          for (const endMs = performance.now() + 2; performance.now() < endMs;);
        })
        hooks.peerConnected.tap(() => {
          throw new Error('oops')
        })
      },
    }
    const { world, read, join } = await scene({ port: false }, [slow])
    const torrent = await join()
    await world.clock.advance(60_000)
    await torrent.completed
    const found = await read()
    const labels = '{hook="pieceVerified",plugin="slow"}'
    expect(found.get(`bitloom_hook_calls_total${labels}`)).toBe(pieces)
    expect(found.get(`bitloom_hook_seconds_total${labels}`)).toBeGreaterThanOrEqual(pieces * 0.002)
    expect(found.get(`bitloom_hook_longest_seconds${labels}`)).toBeGreaterThanOrEqual(0.002)
    expect((await read()).get(`bitloom_hook_longest_seconds${labels}`)).toBe(0)
    expect(found.get('bitloom_plugin_failures_total{plugin="slow"}')).toBe(1)
    expect(world.faults.splice(0)).toHaveLength(1)
  })

  it('after removal nothing is counted or served', async () => {
    const { world, session, service, read, join } = await scene({ port: 0 })
    const { url } = service
    expect((await fetch(url ?? '')).status).toBe(200)
    await removeFrom(session, world, 'metrics')
    const torrent = await join()
    await world.clock.advance(60_000)
    await torrent.completed
    expect((await read()).get('bitloom_pieces_verified_total')).toBe(0)
    await expect(fetch(url ?? '')).rejects.toThrow('fetch failed')
  })
})

describe('the event loop', () => {
  it('that stands still is seen, once', async () => {
    const { read } = await scene({ port: false })
    await new Promise((resolve) => setTimeout(resolve, 30))
    await read()
    await new Promise((resolve) => setTimeout(resolve, 30))
    for (const endMs = performance.now() + 100; performance.now() < endMs;);
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect((await read()).get('bitloom_event_loop_delay_seconds{quantile="1"}')).toBeGreaterThan(0.05)
  })
})

describe('the endpoint', () => {
  it('serves /metrics on loopback, and nothing else', async () => {
    const { service } = await scene({ port: 0 })
    expect(service.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/)
    const answer = await fetch(service.url ?? '')
    expect(answer.headers.get('content-type')).toContain('text/plain')
    expect(await answer.text()).toContain('# TYPE bitloom_received_bytes_total counter')
    expect((await fetch(new URL('/', service.url))).status).toBe(404)
    expect((await fetch(service.url ?? '', { method: 'POST' })).status).toBe(405)
  })

  it('that is taken fails the plugin, naming the address', async () => {
    const { service, session } = await scene({ port: 0 })
    const port = Number(new URL(service.url ?? '').port)
    await session.remove('user')
    const world = worlds[0]!
    await expect(world.session('10.0.0.9', new TestStorage(0), [metrics({ port })])).rejects.toThrow(
      new RegExp(`metrics.*127\\.0\\.0\\.1:${port}`),
    )
  })

  it.each([[{ port: -1 }], [{ port: 70_000 }], [{ hots: 'x' } as MetricsOptions]])('%j is refused', (options) => {
    expect(() => metrics(options)).toThrow(/metrics/)
  })
})

describe('the page', () => {
  it('says what each metric of the registry means', async () => {
    const { service } = await scene({ port: false })
    const registered = await service.registry.getMetricsAsJSON()
    expect(registered.map(({ name }) => name)).toEqual(definitions.map(({ name }) => name))
    const page = readFileSync(new URL('../../../docs/METRICS.md', import.meta.url), 'utf8')
    const rows = [...page.matchAll(/^\| `(bitloom_\w+)` *\| (\w+) *\| .*?\| (\S.*?) *\|$/gm)].map((row) => row.slice(1))
    expect(rows).toEqual(registered.map(({ name, type, help }) => [name, type, help]))
  })
})

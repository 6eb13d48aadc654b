import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  Clock,
  type PeerCandidate,
  type PeerView,
  type Plugin,
  type PluginHost,
  type Refusal,
  type Session,
  createSession,
} from '@bitloom/core'
import { createTorrent, nodePorts } from '@bitloom/core/node'
import piecePicker from '@bitloom/piece-picker'
import storageFs from '@bitloom/storage-fs'
import { afterEach, describe, expect, it } from 'vitest'
import antiLeech from '../anti-leech.js'
import ipFilter from '../ip-filter.js'
import peerList from '../peer-list.js'
import { playNoMore, playNow, watchPlugins } from '../plugins-at-work.js'

const endings: (() => void | Promise<void>)[] = []

afterEach(async () => {
  for (let end = endings.pop(); end !== undefined; end = endings.pop()) await end()
})

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bitloom-plugins-'))
  endings.push(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

async function openSession(...plugins: Plugin[]): Promise<Session> {
  const session = await createSession({
    plugins: [nodePorts({ hashWorkers: 0 }), storageFs(), ...plugins],
    listen: { hosts: ['127.0.0.1'], ports: [0] },
  })
  endings.push(() => session.close())
  return session
}

describe('the example ip-filter.ts', () => {
  const decide = (plugin: Plugin, host: string): Refusal | undefined => {
    const taps: ((candidate: PeerCandidate) => Refusal | undefined)[] = []
    const tap = (fn: (typeof taps)[0]): void => void taps.push(fn)
    void plugin.apply?.({ hooks: { acceptPeer: { tap } } } as unknown as PluginHost)
    return taps[0]?.({ stage: 'known', endpoint: { kind: 'ip', host, port: 1 }, source: 'tracker' })
  }

  it('refuses the networks it is given, and bans', () => {
    const plugin = ipFilter({ networks: ['10.9.', '2001:db8:'], banMs: 5 })
    expect(decide(plugin, '10.9.0.1')).toMatchObject({ banMs: 5 })
    expect(decide(plugin, '2001:db8::1')?.refuse).toBe('its network is not wanted')
    expect(decide(plugin, '10.10.0.1')).toBeUndefined()
    expect(decide(ipFilter(), '10.9.0.1')).toBeUndefined()
    expect(decide(ipFilter({ networks: ['1.'] }), '1.1.1.1')?.banMs).toBe(3_600_000)
  })

  it('says which option is wrong', () => {
    expect(() => ipFilter({ networks: [], bannMs: 5 } as object)).toThrow(/ip-filter .*bannMs/)
    expect(() => ipFilter({ banMs: -1 })).toThrow(/ip-filter .*banMs: /)
  })
})

describe('the example anti-leech.ts', () => {
  it('bans who only takes, every minute, until it ends', () => {
    const banned: string[] = []
    const timers: (() => void)[] = []
    const undo: (() => unknown)[] = []
    const peer = (host: string, facts: Partial<PeerView>): Partial<PeerView> => ({
      endpoint: { kind: 'ip', host, port: 1 },
      uploadOnly: false,
      downloadedBytes: 0,
      uploadedBytes: 0,
      ...facts,
    })
    const peers = [
      peer('10.0.0.1', { uploadedBytes: 9e6 }),
      peer('10.0.0.2', { uploadedBytes: 9e6, downloadedBytes: 1e6 }),
      peer('10.0.0.3', { uploadedBytes: 8e6 }),
      peer('10.0.0.4', { uploadedBytes: 9e6, uploadOnly: true }),
    ]
    const clock = { after: (_ms: number, run: () => void) => timers.push(run) && (() => void timers.splice(0)) }
    void antiLeech().apply?.({
      get: (port: unknown) => (port === Clock ? clock : undefined),
      log: { info: () => {} },
      defer: (end: () => void) => undo.push(end),
      torrents: () => [
        { id: 't1', name: 'a', state: 'downloading', peers },
        { id: 't2', name: 'b', state: 'seeding', peers },
      ],
      control: (id: string) => ({ ban: (host: string) => void banned.push(`${id} ${host}`) }),
    } as unknown as PluginHost)
    timers.shift()?.()
    expect(banned).toEqual(['t1 10.0.0.1'])
    expect(timers).toHaveLength(1)
    for (const end of undo) end()
    expect(timers).toHaveLength(0)
  })
})

describe('the examples peer-list.ts and plugins-at-work.ts', () => {
  it('find a peer by a URL, and change the picker while the torrent runs', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'data.bin'), 'some data '.repeat(100_000))
    const { torrent } = await createTorrent(join(folder, 'data.bin'), { pieceLengthBytes: 16_384 })
    const seeder = await openSession(piecePicker())
    await (
      await seeder.add({ torrent, directory: folder })
    ).ready
    const leecher = await openSession(piecePicker(), peerList())
    const lines: string[] = []
    watchPlugins(leecher, (line) => void lines.push(line))
    expect(lines[0]).toContain('binds TrackerClient peers')
    const trackers = [[`peers://127.0.0.1:${seeder.addresses[0]?.port}`]]
    const download = await leecher.add({ torrent, directory: join(folder, 'copy'), trackers })
    const before = download.view.picker
    await playNow(leecher, download)
    await download.completed
    expect(download.view.picker).toBe('playback')
    expect(readFileSync(join(folder, 'copy/data.bin'), 'utf8')).toBe(readFileSync(join(folder, 'data.bin'), 'utf8'))
    expect(await playNoMore(leecher)).toBe(true)
    expect(download.view.picker).toBe(before)
    expect(lines).toHaveLength(1)
  })
})

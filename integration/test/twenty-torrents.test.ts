import type { TorrentView } from '@bitloom/core'
import type { TrackerEvent } from '@bitloom/tracker-server'
import { expect, it } from 'vitest'
import { addressOf, inLab, until } from '../src/lab.js'
import { differences } from '../src/payload.js'

const count = 20

it(
  'twenty torrents at once between two sessions: one port and one peer id each, both kinds of tracker',
  inLab(async (lab) => {
    const events: TrackerEvent[] = []
    const tracker = await lab.tracker({ on: (event) => events.push(event) })
    const urls = tracker.addresses.map(({ url }) => url)
    const made = await Promise.all(
      Array.from({ length: count }, (_, index) =>
        lab.make(
          `album ${index}`,
          { 'a.bin': 700_000 + index, 'folder/b.bin': 300_001, 'c.txt': index },
          { trackers: [[urls[index % 2] ?? '']] },
        ),
      ),
    )
    const [listeners, seeder, leecher] = [openListeners(), await lab.session(), await lab.session()]
    expect(openListeners() - listeners).toBe(2)

    const announced = new Set<string>()
    seeder.hooks.announced.tap(({ error }, torrent) => error === undefined && announced.add(torrent.id))
    const seen = new Map<string, TorrentView>()
    const peerIds = new Set<string>()
    seeder.hooks.peerConnected.tap((peer, torrent) => {
      seen.set(torrent.id, torrent)
      peerIds.add(Buffer.from(peer.peerId).toString('hex'))
    })
    for (const { torrent, directory } of made) await seeder.add({ torrent, directory })
    await until('all torrents are announced', () => announced.size === count)

    const handles = await Promise.all(
      made.map(({ torrent }) => leecher.add({ torrent, directory: lab.path('downloads') })),
    )
    await Promise.all(handles.map(({ completed }) => completed))
    expect(await differences(lab.path('source'), lab.path('downloads'))).toEqual([])

    expect(seen.size).toBe(count)
    expect([...peerIds]).toEqual([Buffer.from(leecher.peerId).toString('hex')])
    expect([seeder.addresses.length, leecher.addresses.length]).toEqual([1, 1])
    const ports = [addressOf(seeder).port, addressOf(leecher).port]
    expect(told(events, 'http')).toEqual({ torrents: count / 2, ports })
    expect(told(events, 'udp')).toEqual({ torrents: count / 2, ports })
  }),
)

/** What a tracker was told over one protocol: in how many torrents, by which ports, in the order they came. */
function told(events: readonly TrackerEvent[], protocol: 'http' | 'udp') {
  const announces = events.filter((event) => event.type === 'announce' && event.protocol === protocol)
  const pairs = announces.flatMap((event) => (event.type === 'announce' ? [event] : []))
  return {
    torrents: new Set(pairs.map(({ infoHash }) => infoHash)).size,
    ports: [...new Set(pairs.map(({ peer }) => peer.port))],
  }
}

function openListeners(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPServerWrap').length
}

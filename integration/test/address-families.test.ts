import { networkInterfaces } from 'node:os'
import type { Session } from '@bitloom/core'
import { describe, expect, it } from 'vitest'
import { addressOf, inLab, seed, until } from '../src/lab.js'
import { differences } from '../src/payload.js'

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'))
if (!hasIpv6) console.log('integration: skipped what needs IPv6: this machine has no ::1')

const files = { 'a.bin': 500_000, 'b.bin': 40_000 }

/** The hosts of all peers that a session meets. */
function hostsOfPeers(session: Session): Set<string> {
  const hosts = new Set<string>()
  session.hooks.peerConnected.tap(({ endpoint }) => endpoint.kind === 'ip' && hosts.add(endpoint.host))
  return hosts
}

describe.skipIf(!hasIpv6)('IPv4 and IPv6', () => {
  it(
    'a session on both serves peers of both on one port',
    inLab(async (lab) => {
      const made = await lab.make('album', files)
      const seeder = await lab.session({ hosts: ['127.0.0.1', '::1'] })
      expect(seeder.addresses.map(({ host }) => host)).toEqual(['127.0.0.1', '::1'])
      expect(addressOf(seeder, 4).port).toBe(addressOf(seeder, 6).port)
      const met = hostsOfPeers(seeder)
      await seed(seeder, made)
      for (const [family, host] of [
        [4, '127.0.0.1'],
        [6, '::1'],
      ] as const) {
        const leecher = await lab.session({ hosts: [host] })
        const hosts = hostsOfPeers(leecher)
        const directory = lab.path(`over ${family}`)
        const handle = await leecher.add({ torrent: made.torrent, directory, peers: [addressOf(seeder, family)] })
        await handle.completed
        expect([...hosts]).toEqual([host])
        expect(met.has(host)).toBe(true)
        expect(await differences(made.path, `${directory}/album`)).toEqual([])
      }
    }),
  )

  it.for(['udp', 'http'] as const)(
    'peers find each other through a tracker on IPv6 over %s',
    inLab(async (lab, protocol) => {
      const tracker = await lab.tracker({ host: '::1' })
      const url = tracker.addresses.find((address) => address.protocol === protocol)?.url ?? ''
      expect(url).toMatch(/^(udp|http):\/\/\[::1\]:\d+\/announce$/)
      const made = await lab.make('album', files, { trackers: [[url]] })
      const [seeder, leecher] = [await lab.session({ hosts: ['::1'] }), await lab.session({ hosts: ['::1'] })]
      const hosts = hostsOfPeers(leecher)
      const seeding = await seed(seeder, made)
      await until('the tracker knows the seeder', () => seeding.trackers[0]?.state === 'ok')
      const handle = await leecher.add({ torrent: made.torrent, directory: lab.path('downloads') })
      await handle.completed
      expect([...hosts]).toEqual(['::1'])
      expect(await differences(made.path, lab.path('downloads', 'album'))).toEqual([])
    }),
  )
})

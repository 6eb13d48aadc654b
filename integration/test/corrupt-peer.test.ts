import { expect, it } from 'vitest'
import { addressOf, inLab, isLinux, seed, until } from '../src/lab.js'
import { differences } from '../src/payload.js'
import { watchedStorage } from '../src/watched-storage.js'

// A ban is of an address: the peers need different ones, and only Linux has all of 127.0.0.0/8.
if (!isLinux) console.log('integration: skipped the corrupting peer: it needs 127.0.0.2')

it.skipIf(!isLinux)(
  'a peer that sends wrong bytes is banned, and the files are right',
  inLab(async (lab) => {
    const made = await lab.make('album', { 'a.bin': 3_000_000, 'b.bin': 400_000 })
    const { torrent, directory } = made
    const limits = { upBytesPerSecond: 2_000_000 }
    const honest = [
      await lab.session({ hosts: ['127.0.0.2'], limits }),
      await lab.session({ hosts: ['127.0.0.3'], limits }),
    ]
    for (const session of honest) await seed(session, made)
    // One byte of each buffer is flipped, after the check at the start has passed.
    const flipping = watchedStorage((buffers, purpose) => {
      if (purpose !== 'serve') return
      for (const buffer of buffers) buffer[100] = (buffer[100] ?? 0) ^ 0xff
    })
    const corrupt = await lab.session({ hosts: ['127.0.0.66'], plugins: [flipping.plugin] })
    await (
      await corrupt.add({ torrent, directory, storage: 'watched' })
    ).ready

    const leecher = await lab.session({ listen: false })
    const met: string[] = []
    const gone = new Map<string, string>()
    let rejectedPieces = 0
    leecher.hooks.peerConnected.tap(({ endpoint }) => void (endpoint.kind === 'ip' && met.push(endpoint.host)))
    leecher.hooks.peerDisconnected.tap(
      ({ endpoint }, reason) => void (endpoint.kind === 'ip' && gone.set(endpoint.host, reason)),
    )
    leecher.hooks.pieceRejected.tap(() => void rejectedPieces++)
    const peers = [corrupt, ...honest].map((session) => addressOf(session))
    const handle = await leecher.add({ torrent, directory: lab.path('downloads'), peers })
    await handle.completed

    expect(await differences(made.path, lab.path('downloads', 'album'))).toEqual([])
    expect(flipping.traffic.read.serve).toBeGreaterThan(0)
    expect(rejectedPieces).toBeGreaterThan(0)
    expect(gone.get('127.0.0.66')).toBe('sent corrupt data')
    expect(gone.has('127.0.0.2') || gone.has('127.0.0.3')).toBe(false)

    // Named again, it is not even dialled.
    const late = await lab.session({ hosts: ['127.0.0.4'] })
    await seed(late, made)
    handle.control.dial(addressOf(corrupt))
    handle.control.addPeers([addressOf(corrupt)], 'user')
    handle.control.dial(addressOf(late))
    await until('the last one was met', () => met.includes('127.0.0.4'))
    expect(met.filter((host) => host === '127.0.0.66')).toHaveLength(1)
  }),
)

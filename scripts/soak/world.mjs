// Who takes part in a soak: two honest seeders, one that may lie, a leecher with everything that can fail, and trackers.
import { createSession, pluginContract, seededRandom, Storage } from '@bitloom/core'
import { nodePorts, systemFiles } from '@bitloom/core/node'
import { extPex } from '@bitloom/ext-pex'
import { piecePicker } from '@bitloom/piece-picker'
import { resumeFs } from '@bitloom/resume-fs'
import { fileStorage } from '@bitloom/storage-fs'
import { trackerHttp } from '@bitloom/tracker-http'
import { createTracker } from '@bitloom/tracker-server'
import { trackerUdp } from '@bitloom/tracker-udp'
import { hit, faultyFiles, faultyPorts, faultyStorage } from './faults.mjs'
import { moodyTracker } from './tracker.mjs'

/** The name of the storage that every torrent of a soak uses. */
export const storage = 'soak'

/**
 * The sessions and trackers. `switches` are those of the leecher and of the liar, and are all off for the honest ones.
 * `directory` is where the leecher keeps its records.
 */
export async function openWorld(directory, switches) {
  const random = seededRandom(1)
  const off = { ...switches }
  const listen = (host) => ({ hosts: [host], ports: [0] })
  const honest = []
  for (const host of ['127.0.2.1', '127.0.2.2']) {
    honest.push(await createSession({ plugins: plugins(off, random, false), listen: listen(host) }))
  }
  const records = resumeFs({ directory })
  const leecher = await createSession({
    plugins: [...plugins(switches, random, false), records],
    listen: listen('127.0.2.9'),
  })
  const openLiar = (number) => {
    // Whoever lied is banned: the next one comes from another address.
    const host = `127.0.${10 + (number >> 7)}.${1 + (number & 127)}`
    return createSession({ plugins: plugins(switches, random, true), listen: listen(host) })
  }
  let liars = 0
  let liar = await openLiar(liars++)
  const udp = await createTracker({ http: false, udp: { host: '127.0.0.1', port: 0 } })
  const world = {
    leecher,
    seeders: () => [...honest, liar],
    addresses: () => world.seeders().flatMap((session) => session.addresses),
    /** Answers the one that was closed. */
    replaceLiar: async () => {
      const closed = liar
      await closed.close()
      liar = await openLiar(liars++)
      return closed
    },
    tracker: await moodyTracker(
      () => world.addresses(),
      (mood) => mood !== 'good' && hit(switches, 'a tracker in a bad mood'),
    ),
    udpUrl: udp.addresses[0].url,
    close: async () => {
      for (const session of [leecher, ...world.seeders()]) await session.close()
      world.tracker.close()
      await udp.close()
    },
  }
  return world
}

function plugins(switches, random, mayLie) {
  const disk = fileStorage({ maxOpenFiles: 64, extentBytes: 1_048_576 }, faultyFiles(systemFiles, switches))
  const bound = faultyStorage(disk, storage, switches, mayLie)
  return [
    faultyPorts(nodePorts(), switches, random),
    trackerHttp(),
    trackerUdp(),
    piecePicker(),
    extPex(),
    { name: 'soak', contract: pluginContract, bind: (bindings) => bindings.value(Storage, bound) },
  ]
}

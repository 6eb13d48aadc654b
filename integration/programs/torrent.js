// One session with one torrent, built, as tests start it: `node torrent.js '{"torrent": …}'`. It prints a JSON object on a
// line for each thing that happens, and never calls `process.exit`: it ends when the session has left nothing open.
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createSession, pluginContract, Storage, wrapStorage } from '@bitloom/core'
import { nodePorts, parseTorrent } from '@bitloom/core/node'
import { extMetadata } from '@bitloom/ext-metadata'
import { extPex } from '@bitloom/ext-pex'
import { piecePicker } from '@bitloom/piece-picker'
import { resumeFs } from '@bitloom/resume-fs'
import { storageFs } from '@bitloom/storage-fs'
import { trackerHttp } from '@bitloom/tracker-http'
import { trackerUdp } from '@bitloom/tracker-udp'

/**
 * @typedef {object} Job
 * @property {string} torrent path of the .torrent file
 * @property {string} directory
 * @property {{ kind: 'ip', host: string, port: number }[]} [peers]
 * @property {string[]} [trackers] instead of the torrent's own, one a tier
 * @property {string} [stateDirectory] where records are kept; without one they end with the process
 * @property {boolean} [tellPieces] prints how many pieces there are with each that comes
 * @property {number} [closeAfterPieces] closes by itself in the middle
 * @property {boolean} [extensions] speaks ut_pex and ut_metadata
 * @property {number} [writeBytesPerSecond] how fast its disk is
 * @property {number} [maxPeers] in all and for the torrent
 */

/** @type {Job} */
const job = JSON.parse(process.argv[2] ?? '{}')

/** @param {Record<string, unknown>} event */
const tell = (event) => process.stdout.write(`${JSON.stringify(event)}\n`)

const records = job.stateDirectory === undefined ? [] : [resumeFs({ directory: job.stateDirectory })]
/**
 * A storage named "slow" in front of the one named "fs".
 * @param {number} bytesPerSecond
 */
function slowDisk(bytesPerSecond) {
  /** @type {() => readonly import('@bitloom/core').Storage[]} */
  let storages = () => []
  let freeAtMs = 0
  /** @type {import('@bitloom/core').Storage} */
  const storage = {
    name: 'slow',
    open: async (...args) => {
      const handle = await storages()
        .find(({ name }) => name === 'fs')
        ?.open(...args)
      if (handle === undefined) throw new Error('there is no storage named fs')
      return wrapStorage(handle, {
        write: async (piece, begin, bytes) => {
          freeAtMs = Math.max(freeAtMs, performance.now()) + (bytes.length / bytesPerSecond) * 1_000
          await new Promise((resolve) => setTimeout(resolve, freeAtMs - performance.now()))
          await handle.write(piece, begin, bytes)
        },
      })
    },
  }
  return {
    name: 'slow-disk',
    contract: pluginContract,
    bind: (/** @type {import('@bitloom/core').Bindings} */ bindings) => bindings.value(Storage, storage),
    apply: (/** @type {import('@bitloom/core').PluginHost} */ host) => {
      storages = () => host.all(Storage)
    },
  }
}

const slow = job.writeBytesPerSecond === undefined ? [] : [slowDisk(job.writeBytesPerSecond)]
const extensions = job.extensions === true ? [extPex(), extMetadata()] : []
const session = await createSession({
  plugins: [nodePorts(), trackerHttp(), trackerUdp(), storageFs(), piecePicker(), ...records, ...extensions, ...slow],
  listen: { hosts: ['127.0.0.1'], ports: [0] },
  ...(job.maxPeers === undefined ? {} : { limits: { maxPeers: job.maxPeers, maxPeersPerTorrent: job.maxPeers } }),
})

const close = async () => {
  process.off('SIGTERM', close)
  const began = performance.now()
  tell({ event: 'closing' })
  await session.close()
  tell({ event: 'closed', tookMs: performance.now() - began })
}
process.once('SIGTERM', close)

// What it has cost so far: SIGUSR2 asks. The histogram is of whole intervals, in ns: what is over 10 ms is delay.
const loop = monitorEventLoopDelay({ resolution: 10 })
loop.enable()
process.on('SIGUSR2', () => {
  tell({
    event: 'figures',
    peakRssBytes: peakRssBytes(),
    receivedBytes: view.stats.receivedBytes,
    loopP99Ms: Math.max(0, loop.percentile(99) / 1e6 - 10),
    loopMaxMs: loop.max / 1e6 - 10,
  })
  loop.reset()
})

session.hooks.torrentFailed.tap((error) => void tell({ event: 'failed', message: error.message }))
let pieces = 0
session.hooks.pieceVerified.tap((_piece, torrent) => {
  if (job.tellPieces === true) tell({ event: 'piece', pieces: torrent.content?.have.count })
  if (++pieces === job.closeAfterPieces) void close()
})

const { completed, ready, view } = await session.add({
  torrent: parseTorrent(await readFile(job.torrent)),
  directory: job.directory,
  peers: job.peers ?? [],
  ...(slow.length === 0 ? {} : { storage: 'slow' }),
  ...(job.trackers === undefined ? {} : { trackers: job.trackers.map((url) => [url]) }),
})
completed.then(
  () => tell({ event: 'completed', receivedBytes: view.stats.receivedBytes }),
  (/** @type {Error} */ error) => tell({ event: 'ended', message: error.message }),
)
await ready
tell({
  event: 'ready',
  state: view.state,
  pieces: view.content?.have.count,
  at: session.addresses[0],
  peerId: Buffer.from(session.peerId).toString('hex'),
  maxOpenFiles: maxOpenFiles(),
})

/** The soft limit of this process, where the system tells it. */
function maxOpenFiles() {
  try {
    return Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1])
  } catch {
    return undefined
  }
}

/** The most memory since this program was started; that of `resourceUsage` counts what forked it. */
function peakRssBytes() {
  try {
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1_024
  } catch {
    return process.memoryUsage.rss()
  }
}

// One session with one torrent, built, as tests start it: `node torrent.js '{"torrent": …}'`. It prints a JSON object on a
// line for each thing that happens, and never calls `process.exit`: it ends when the session has left nothing open.
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createSession } from '@bitloom/core'
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
 */

/** @type {Job} */
const job = JSON.parse(process.argv[2] ?? '{}')

/** @param {Record<string, unknown>} event */
const tell = (event) => process.stdout.write(`${JSON.stringify(event)}\n`)

const records = job.stateDirectory === undefined ? [] : [resumeFs({ directory: job.stateDirectory })]
const extensions = job.extensions === true ? [extPex(), extMetadata()] : []
const session = await createSession({
  plugins: [nodePorts(), trackerHttp(), trackerUdp(), storageFs(), piecePicker(), ...records, ...extensions],
  listen: { hosts: ['127.0.0.1'], ports: [0] },
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
  const peakRssBytes = process.resourceUsage().maxRSS * 1_024
  tell({
    event: 'figures',
    peakRssBytes,
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

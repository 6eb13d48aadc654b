// A session that downloads a torrent of 10,000 pieces at so many pieces per second, and has room for so many peers:
// node --expose-gc --max-semi-space-size=1 crowded-session.js PEERS PIECES_PER_SECOND
// Prints where it listens, and at each SIGUSR2 its memory after a collection, its peers and the pieces it has.
import { createSession } from '@bitloom/core'
import { nodePorts } from '@bitloom/core/node'
import { piecePicker } from '@bitloom/piece-picker'
import { storageMemory } from '@bitloom/storage-memory'
import { crowdTorrent } from './crowd-payload.js'

const [peers = 0, piecesPerSecond = 0] = process.argv.slice(2).map(Number)
/** For those that come before, and for a seed. */
const guests = 30
const room = peers + guests
const session = await createSession({
  plugins: [nodePorts(), storageMemory(), piecePicker()],
  listen: { hosts: ['127.0.0.1'], ports: [0] },
  limits: { maxPeers: room, maxPeersPerTorrent: room, downBytesPerSecond: piecesPerSecond * 16_384 },
})
const { view } = await session.add({ torrent: crowdTorrent(), directory: 'crowd', check: 'full' })
process.on('SIGUSR2', () => {
  globalThis.gc?.()
  const { rss } = process.memoryUsage()
  console.log(JSON.stringify({ rssBytes: rss, peers: view.stats.peers, pieces: view.content?.have.count ?? 0 }))
})
console.log(JSON.stringify({ port: session.addresses[0]?.port }))
setInterval(() => {}, 1_000_000)

import { readFile } from 'node:fs/promises'
import { createSession } from '@bitloom/core'
import { nodePorts, parseTorrent } from '@bitloom/core/node'
import piecePicker from '@bitloom/piece-picker'
import storageFs from '@bitloom/storage-fs'
import trackerHttp from '@bitloom/tracker-http'
import trackerUdp from '@bitloom/tracker-udp'

const [file = 'some.torrent', directory = 'downloads'] = process.argv.slice(2)

// Parse a torrent file.
const torrent = parseTorrent(await readFile(file))
console.log(`${torrent.name}: ${torrent.lengthBytes} bytes in ${torrent.layout.pieceCount} pieces`)
for (const { path } of torrent.files) console.log(`  ${path}`)

// Make a session of the plugins you choose.
const session = await createSession({
  plugins: [nodePorts(), trackerHttp(), trackerUdp(), storageFs(), piecePicker()],
})

// Watch what happens.
session.hooks.announced.tap(({ url, error }) => console.log(`announced to ${url}: ${error?.message ?? 'ok'}`))
session.hooks.peerConnected.tap((peer) => console.log(`connected to ${peer.client ?? 'an unknown client'}`))
session.hooks.pieceVerified.tap((piece, { stats }) => console.log(`piece ${piece}, ${stats.leftBytes} bytes left`))

// Add the torrent; it looks for peers and downloads what is not there yet.
const { completed } = await session.add({ torrent, directory })
await completed

// Seed it until somebody presses Ctrl-C.
console.log('complete, seeding')
process.once('SIGINT', () => session.close())

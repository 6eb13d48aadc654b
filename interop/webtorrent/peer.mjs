// A WebTorrent peer over TCP: node peer.mjs seed|leech TORRENT DIRECTORY PORT [PEER_IP:PORT...]
// Prints "seeding" or "complete". It announces to the torrent's own HTTP and UDP trackers.
import { readFileSync } from 'node:fs'
import WebTorrent from 'webtorrent'

const [mode, file, directory, port, ...peers] = process.argv.slice(2)
const client = new WebTorrent({
  torrentPort: Number(port),
  dht: false,
  lsd: false,
  natUpnp: false,
  natPmp: false,
  utp: false,
  utPex: false,
  // By default WebTorrent accepts both, but dials encrypted connections only, which Bitloom does not speak.
  secure: mode === 'seed' ? 1 : 0,
  tracker: { wrtc: false },
})
const fail = (error) => {
  console.error(error)
  process.exit(1)
}
client.on('error', fail)
client.add(readFileSync(file), { path: directory, skipVerify: mode === 'seed' }, (torrent) => {
  torrent.on('error', fail)
  torrent.on('warning', (warning) => console.error(String(warning)))
  if (mode === 'seed') {
    console.log('seeding')
    return
  }
  if (torrent.done) console.log('complete')
  else torrent.on('done', () => console.log('complete'))
  for (const peer of peers) torrent.addPeer(peer)
})

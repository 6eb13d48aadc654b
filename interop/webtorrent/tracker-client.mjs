// Two peers by the client of bittorrent-tracker: node tracker-client.mjs TRACKER_URL INFO_HASH
// The seeder (port 7001) and the leecher (port 7002) start, the leecher scrapes and completes, both stop. Each answer of
// the tracker is printed as a line of JSON.
import { once } from 'node:events'
import { Client } from 'bittorrent-tracker'

const [url, infoHash] = process.argv.slice(2)
const fail = (error) => {
  console.error(error)
  process.exit(1)
}
const open = (name, port) => {
  const peerId = Buffer.from(name.padEnd(20, '0'))
  const client = new Client({ infoHash, peerId, announce: [url], port, wrtc: false })
  client.on('error', fail)
  client.on('warning', fail)
  client.peersHeard = new Set()
  client.on('peer', (peer) => client.peersHeard.add(peer))
  return client
}
const say = (event, { complete, incomplete }, more) =>
  console.log(JSON.stringify({ event, complete, incomplete, ...more }))
const announce = async (name, client, send) => {
  const answer = once(client, 'update')
  send()
  say(name, (await answer)[0])
}

const seeder = open('-XX0001-seeder', 7001)
const leecher = open('-XX0001-leecher', 7002)
await announce('seeder started', seeder, () => seeder.start({ left: 0 }))
await announce('leecher started', leecher, () => leecher.start({ left: 1000 }))
console.log(JSON.stringify({ event: 'leecher heard', peers: [...leecher.peersHeard] }))
const scraped = once(leecher, 'scrape')
leecher.scrape()
const [answer] = await scraped
say('scraped', answer, { downloaded: answer.downloaded })
await announce('leecher completed', leecher, () => leecher.complete({ left: 0 }))
await announce('leecher stopped', leecher, () => leecher.stop())
await announce('seeder stopped', seeder, () => seeder.stop())
process.exit(0)

import {
  type BencodeValue,
  decode,
  encode,
  formatEndpoint,
  type Endpoint,
  ipScope,
  parseIp,
  formatIp,
  readCompact,
  TrackerError,
  writeCompact,
} from '@bitloom/core'
import * as fc from 'fast-check'
import {
  readAnnounce as readHttpAnnounce,
  readScrape as readHttpScrape,
} from '../../../packages/tracker-http/src/protocol.js'
import * as udp from '../../../packages/tracker-udp/src/protocol.js'
import {
  parseQuery,
  readAnnounce,
  readScrape,
  writeFailure,
} from '../../../packages/tracker-server/src/http-protocol.js'
import { readRequest } from '../../../packages/tracker-server/src/udp-protocol.js'
import { mutatedBytes, mutatedText, mutatedValues } from '../mutations.js'
import { ensure, target, unless } from '../target.js'

const mostPeers = 2_000
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)

function checkPeers(peers: readonly Endpoint[]): void {
  ensure(peers.length <= mostPeers, 'so many peers')
  for (const peer of peers) {
    ensure(peer.kind === 'ip' && ipScope(peer.host) !== undefined, 'a host is an address')
    ensure(peer.port > 0 && peer.port < 65_536, 'a port is one')
  }
}

const hash = new Uint8Array(20).fill(65)
const answers: readonly BencodeValue[] = [
  new Map<string, BencodeValue>([
    ['interval', 1800],
    ['min interval', 60],
    ['complete', 1],
    ['incomplete', 2],
    ['peers', new Uint8Array(12).fill(9)],
    ['peers6', new Uint8Array(18).fill(9)],
    ['external ip', new Uint8Array(4).fill(9)],
    ['tracker id', ascii('id')],
    ['warning message', ascii('careful')],
  ]),
  new Map<string, BencodeValue>([
    [
      'peers',
      [
        new Map<string, BencodeValue>([
          ['ip', ascii('10.0.0.1')],
          ['port', 80],
          ['peer id', hash],
        ]),
      ],
    ],
  ]),
  new Map<string, BencodeValue>([
    ['failure reason', ascii('no')],
    ['retry in', ascii('never')],
  ]),
  new Map<string, BencodeValue>([
    [
      'files',
      new Map<string, BencodeValue>([
        [
          'A'.repeat(20),
          new Map<string, BencodeValue>([
            ['complete', 1],
            ['incomplete', 2],
            ['downloaded', 3],
          ]),
        ],
      ]),
    ],
  ]),
]
const keys = ['interval', 'min interval', 'complete', 'incomplete', 'peers', 'peers6', 'external ip', 'tracker id']
const moreKeys = ['warning message', 'failure reason', 'retry in', 'files', 'ip', 'port', 'downloaded', 'A'.repeat(20)]
const answerInput = fc.oneof(
  mutatedBytes(
    answers.map((answer) => encode(answer as Parameters<typeof encode>[0])),
    ['i-1e', '0:', 'de', 'le', '5:peers'],
  ),
  mutatedValues(answers, [...keys, ...moreKeys]),
)
const isOwn = (error: unknown): boolean => error instanceof TrackerError
const url = 'http://t.example.com/secret/announce?passkey=querysecret'

export const httpAnswer = target('http-answer', answerInput, (bytes) => {
  const answer = unless(isOwn, () => readHttpAnnounce(bytes, url))
  if (answer !== undefined) {
    checkPeers(answer.peers)
    for (const ms of [answer.intervalMs ?? 0, answer.minIntervalMs ?? 0]) ensure(ms >= 0, 'times are not negative')
    ensure((answer.trackerId ?? '').length <= 512, 'a tracker id is short')
  }
  const rows = unless(isOwn, () => readHttpScrape(bytes, [hash, hash], url)) ?? []
  for (const { seeders, leechers } of rows) ensure(seeders >= 0 && leechers >= 0, 'counts are not negative')
})

const packets = [0, 1, 2, 3].map((action) =>
  Uint8Array.from([0, 0, 0, action, 0, 0, 0, 9, ...new Uint8Array(36).fill(3)]),
)
export const udpAnswer = target(
  'udp-answer',
  mutatedBytes(packets, ['\0\0\0\x01', '\0\0\0\x02', '\xff\xff']),
  (bytes) => {
    const head = udp.readHead(bytes)
    ensure((head === undefined) === bytes.length < 8, 'a head is 8 bytes')
    for (const family of [4, 6] as const) checkPeers(udp.readAnnounce(bytes, family)?.peers ?? [])
    ensure((udp.readConnect(bytes)?.length ?? 8) === 8, 'a connection id is 8 bytes')
    ensure((udp.readScrape(bytes, [hash, hash])?.length ?? 2) === 2, 'a row for each')
    ensure((udp.readError(bytes)?.length ?? 0) <= bytes.length, 'a reason is of the packet')
  },
)

const addresses = ['10.0.0.1', '2001:db8::1', '::ffff:1.2.3.4', '::', '1:2:3:4:5:6:7:8', 'fe80::1', '255.255.255.255']
const compactInput = fc.record({
  bytes: fc.uint8Array({ maxLength: 60 }),
  text: mutatedText(addresses, [':', '::', '.', '0', 'ffff', '256', '%', '-']),
})
export const compactPeers = target('compact-peers', compactInput, ({ bytes, text }) => {
  for (const family of [4, 6] as const) {
    const peers = readCompact(bytes, family)
    ensure(peers.length === Math.floor(bytes.length / (family === 4 ? 6 : 18)), 'whole entries are read')
    for (const peer of peers) {
      const written = writeCompact(peer)
      const [again] = readCompact(written, written.length === 6 ? 4 : 6)
      ensure(again !== undefined && formatEndpoint(again) === formatEndpoint(peer), 'what is written is read again')
    }
  }
  const ip = parseIp(text)
  if (ip === undefined) return
  ensure(ip.length === 4 || ip.length === 16, 'an address has 4 or 16 bytes')
  const canonical = formatIp(ip)
  ensure(formatIp(parseIp(canonical) ?? ip.fill(0)) === canonical, 'one spelling for each address')
  ensure(ipScope(text) === ipScope(canonical), 'the spelling does not change the scope')
})

const escaped =
  'info_hash=%12xx&peer_id=aaaaaaaaaaaaaaaaaaaa&port=6881&left=5&compact=1&numwant=3&event=started&ip=1.2.3.4'
const queries = [escaped, `info_hash=${'%ff'.repeat(20)}&peer_id=${'a'.repeat(20)}&port=1&left=0`]
const magic = [0, 0, 4, 0x17, 0x27, 0x10, 0x19, 0x80]
const requests = [0, 1, 2].map((action) => Uint8Array.from([...magic, 0, 0, 0, action, ...new Uint8Array(90).fill(1)]))
const requestInput = fc.record({
  query: mutatedText(queries, ['info_hash', 'peer_id', 'port', '=', '&', '%', '%ff', '-1', '65536', '\u00ff']),
  packet: mutatedBytes(requests, ['\0\0\0\x02', '\xff\xff\xff\xff', '\x02\xff']),
})
export const trackerRequest = target('tracker-request', requestInput, ({ query, packet }) => {
  const parsed = parseQuery(query)
  for (const read of parsed === undefined ? [] : [readAnnounce(parsed, '10.0.0.1'), readScrape(parsed)]) {
    if (typeof read === 'string') ensure(decode(writeFailure(read)) instanceof Map, 'a reason can be sent')
    else if (!('announce' in read)) ensure(read.length <= 74, 'so many torrents')
  }
  for (const host of ['10.0.0.1', '::1']) {
    const request = readRequest(packet, host)
    if (request?.kind === 'scrape') ensure(request.infoHashes.length <= 74, 'so many torrents')
    if (request?.kind !== 'announce') continue
    const { numWant } = request.announce
    ensure(numWant >= 0 && 20 + numWant * (host === '::1' ? 18 : 6) <= 1_232, 'the answer fits a packet')
  }
})

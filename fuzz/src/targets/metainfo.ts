import { BencodeError, MetainfoError, PathError, equalBytes, formatMagnet, magnetOf, parseMagnet } from '@bitloom/core'
import { digest, parseInfo, parseTorrent } from '@bitloom/core/node'
import * as fc from 'fast-check'
import { mutatedBytes, mutatedText, mutatedValues } from '../mutations.js'
import { torrentKeys, torrents, torrentValues } from '../samples.js'
import { ensure, target, unless } from '../target.js'
import { pathFault } from './paths.js'

const isOwn = (error: unknown): boolean =>
  error instanceof BencodeError || error instanceof MetainfoError || error instanceof PathError

const file = fc.oneof(
  {
    weight: 1,
    arbitrary: mutatedBytes(torrents, ['i0e', '0:', 'le', 'de', ...torrentKeys.map((key) => `${key.length}:${key}`)]),
  },
  { weight: 3, arbitrary: mutatedValues(torrentValues, torrentKeys) },
)

export const metainfo = target('metainfo', file, (bytes) => {
  const torrent = unless(isOwn, () => parseTorrent(bytes))
  if (torrent === undefined) return
  const { files, layout, infoHashes, info, lengthBytes } = torrent
  for (const { path } of files) ensure(pathFault(path) === undefined, `${JSON.stringify(path)} ${pathFault(path)}`)
  const folded = files.map(({ path }) => path.normalize('NFC').toLowerCase())
  ensure(new Set(folded).size === files.length, 'paths are unique')
  ensure(lengthBytes > 0 && Number.isSafeInteger(lengthBytes), 'a torrent has a length')
  const dataBytes = files.reduce((sum, one) => sum + (one.padding ? 0 : one.lengthBytes), 0)
  ensure(dataBytes === lengthBytes, 'files add up')
  ensure(layout.pieceCount === Math.ceil(layout.lengthBytes / layout.pieceLengthBytes), 'pieces cover the stream')
  const { v1, v2 } = infoHashes
  ensure(v1 === undefined || equalBytes(v1, digest('sha1', info)), 'the hash is over the raw bytes')
  ensure(v2 === undefined || equalBytes(v2, digest('sha256', info)), 'the v2 hash is over the raw bytes')
  const again = parseInfo(info)
  ensure(again.name === torrent.name && again.files.length === files.length, 'the info alone says the same')
  const link = formatMagnet(magnetOf(torrent))
  ensure(formatMagnet(parseMagnet(link)) === link, 'its magnet link can be read')
})

const hash = '0123456789abcdef0123456789abcdef01234567'
const links = [
  `magnet:?xt=urn:btih:${hash}&dn=A+name%20%C3%A9&tr=udp%3A%2F%2Ft.example%3A80&x.pe=10.0.0.1:6881&so=0,2,4-6&xl=42`,
  'magnet:?xt.1=urn:btih:AEBAGBAFAYDQQCIKBMGA2DQPCAIREEYU&tr.1=http://t.example/announce&ws=http://w.example/',
  `magnet:?xt=urn:btmh:1220${hash}${hash.slice(0, 24)}&x.pe=[2001:db8::1]:1`,
]
const words = ['&', '=', '%', '%ff', '%00', 'xt=', 'dn=', 'tr=', 'so=', '0-999999999', 'urn:btih:', 'urn:btmh:', '../']

export const magnet = target('magnet', mutatedText(links, words), (text) => {
  const link = unless(isOwn, () => parseMagnet(text))
  if (link === undefined) return
  ensure(link.infoHashes.v1 !== undefined || link.infoHashes.v2 !== undefined, 'a link has a hash')
  if (link.name !== undefined) ensure(pathFault(link.name) === undefined, `the name ${pathFault(link.name)}`)
  const written = formatMagnet(link)
  ensure(formatMagnet(parseMagnet(written)) === written, 'what is written is read again')
})

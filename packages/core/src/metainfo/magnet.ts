import { fromBase32 } from '../bytes/base32.js'
import { MetainfoError } from '../bytes/errors.js'
import { equalBytes, fromHex, toHex, utf8Bytes } from '../bytes/text.js'
import { maxLengthBytes } from './fields.js'
import type { InfoHashes, MagnetLink, Metainfo } from './metainfo.js'
import { safeName } from './safe-path.js'
import { acceptUrls, maxUrlBytes } from './trackers.js'

/** The most `tr` a link may have. */
const maxTrackers = 200

/** The most `x.pe` and `ws` that are kept, the first ones. */
const maxOthers = 200

/** The most file indexes that `so` may name. */
const maxSelected = 2_000_000

/** SHA-256 with 32 bytes, as a multihash begins (BEP 52). */
const multihashPrefix = '1220'

/**
 * Reads a magnet link (BEP 9, BEP 53; BEP 52 for `btmh`). Trackers, web seeds and peers that are none are left out; the
 * name is made safe. A number behind a key (`tr.1`) does not matter.
 * @throws MetainfoError MAGNET_INVALID for other text, no or contradicting hashes, a malformed escape, more than 64 KiB,
 * more than 200 trackers
 */
export function parseMagnet(text: string): MagnetLink {
  if (text.length > maxUrlBytes || utf8Bytes(text).length > maxUrlBytes) throw invalid('a magnet link is over 64 KiB')
  const link = text.trim()
  if (!/^magnet:\?/i.test(link)) throw invalid('the text is no magnet link')
  const fields = fieldsOf(link.slice('magnet:?'.length))
  const trackers = fields.get('tr') ?? []
  if (trackers.length > maxTrackers) throw invalid(`the magnet link has more than ${maxTrackers} trackers`)
  const name = fields.get('dn')?.[0]
  const lengthBytes = lengthOf(fields.get('xl')?.[0])
  const selectOnly = selectionOf(fields.get('so')?.[0])
  return Object.freeze({
    infoHashes: hashesOf(fields.get('xt') ?? []),
    ...(name === undefined || name === '' ? {} : { name: safeName(name) }),
    ...(lengthBytes === undefined ? {} : { lengthBytes }),
    trackers: acceptUrls(trackers),
    webSeeds: acceptUrls((fields.get('ws') ?? []).slice(0, maxOthers)),
    peers: Object.freeze([...new Set((fields.get('x.pe') ?? []).filter(isHostAndPort))].slice(0, maxOthers)),
    ...(selectOnly === undefined ? {} : { selectOnly }),
  })
}

/** The link as text; `parseMagnet` gives the same back. @throws MetainfoError MAGNET_INVALID without any hash */
export function formatMagnet(link: MagnetLink): string {
  const { v1, v2 } = link.infoHashes
  if (v1 === undefined && v2 === undefined) throw invalid('a magnet link needs an info-hash')
  const fields: string[] = []
  if (v1 !== undefined) fields.push(`xt=urn:btih:${toHex(v1)}`)
  if (v2 !== undefined) fields.push(`xt=urn:btmh:${multihashPrefix}${toHex(v2)}`)
  if (link.name !== undefined) fields.push(`dn=${escaped(link.name)}`)
  if (link.lengthBytes !== undefined) fields.push(`xl=${link.lengthBytes}`)
  for (const url of link.trackers) fields.push(`tr=${escaped(url)}`)
  for (const url of link.webSeeds) fields.push(`ws=${escaped(url)}`)
  for (const peer of link.peers) fields.push(`x.pe=${peer}`)
  if (link.selectOnly !== undefined) fields.push(`so=${rangesOf(link.selectOnly)}`)
  return `magnet:?${fields.join('&')}`
}

/** The magnet link of a torrent, with all its trackers in order of their tiers. */
export function magnetOf(torrent: Metainfo): MagnetLink {
  const { infoHashes, name, lengthBytes, webSeeds } = torrent
  return { infoHashes, name, lengthBytes, trackers: torrent.trackers.flat(), webSeeds, peers: [] }
}

function fieldsOf(query: string): Map<string, string[]> {
  const fields = new Map<string, string[]>()
  for (const field of query.split('&')) {
    const equals = field.indexOf('=')
    if (equals < 0) continue
    const name = field.slice(0, equals).toLowerCase()
    const key = name === 'x.pe' ? name : name.replace(/\.\d+$/, '')
    const values = fields.get(key) ?? []
    values.push(unescape(field.slice(equals + 1), key))
    fields.set(key, values)
  }
  return fields
}

function unescape(text: string, key: string): string {
  try {
    // Only names come form-encoded: elsewhere a plus is a plus.
    return decodeURIComponent(key === 'dn' ? text.replaceAll('+', ' ') : text)
  } catch {
    throw invalid(`the magnet link has a malformed percent escape in "${key}"`)
  }
}

function escaped(text: string): string {
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd'))
}

function hashesOf(topics: readonly string[]): InfoHashes {
  let v1: Uint8Array | undefined
  let v2: Uint8Array | undefined
  for (const topic of topics) {
    const [, kind, text = ''] = /^urn:(btih|btmh):(.*)$/i.exec(topic) ?? []
    if (kind?.toLowerCase() === 'btih') v1 = onlyHash(v1, btih(text))
    if (kind?.toLowerCase() === 'btmh') v2 = onlyHash(v2, btmh(text))
  }
  if (v1 === undefined && v2 === undefined) throw invalid('the magnet link has no info-hash')
  return Object.freeze({ ...(v1 === undefined ? {} : { v1 }), ...(v2 === undefined ? {} : { v2 }) })
}

function btih(text: string): Uint8Array {
  const hash = text.length === 40 ? fromHex(text) : text.length === 32 ? fromBase32(text) : undefined
  if (hash === undefined) throw invalid('the info-hash of the magnet link is neither 40 hex nor 32 base32 digits')
  return hash
}

function btmh(text: string): Uint8Array {
  const hash = text.length === 68 && text.startsWith(multihashPrefix) ? fromHex(text.slice(4)) : undefined
  if (hash === undefined) throw invalid('the v2 info-hash of the magnet link is no SHA-256 multihash')
  return hash
}

function onlyHash(before: Uint8Array | undefined, hash: Uint8Array): Uint8Array {
  if (before !== undefined && !equalBytes(before, hash)) throw invalid('the magnet link has two different info-hashes')
  return hash
}

function lengthOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,15}$/.test(text)) return undefined
  const length = Number(text)
  return length <= maxLengthBytes ? length : undefined
}

function isHostAndPort(text: string): boolean {
  const [, host, port] = /^(\[[0-9a-f:.]+\]|[^\s:/?#[\]@]+):(\d{1,5})$/i.exec(text) ?? []
  return host !== undefined && Number(port) > 0 && Number(port) < 65_536
}

/** BEP 53: "0,2,4-6". */
function selectionOf(text: string | undefined): readonly number[] | undefined {
  if (text === undefined || text === '') return undefined
  const selected = new Set<number>()
  for (const range of text.split(',')) {
    const [, first, last = first] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(range) ?? []
    if (first === undefined) throw invalid('the file selection of the magnet link cannot be read')
    if (Number(last) - Number(first) + selected.size >= maxSelected)
      throw invalid('the magnet link selects too many files')
    for (let index = Number(first); index <= Number(last); index++) selected.add(index)
  }
  return Object.freeze([...selected].sort((left, right) => left - right))
}

function rangesOf(indexes: readonly number[]): string {
  const ranges: string[] = []
  for (let at = 0; at < indexes.length; at++) {
    const first = indexes[at] as number
    while (indexes[at + 1] === (indexes[at] as number) + 1) at++
    ranges.push(indexes[at] === first ? `${first}` : `${first}-${indexes[at]}`)
  }
  return ranges.join(',')
}

function invalid(message: string): MetainfoError {
  return new MetainfoError('MAGNET_INVALID', message)
}

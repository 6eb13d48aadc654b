import type { BencodeValue, Dict } from '../bytes/bencode.js'
import { decodeDocument } from '../bytes/decode.js'
import { encode, type Encodable } from '../bytes/encode.js'
import { BitloomError } from '../bytes/errors.js'
import { latin1, latin1Bytes, utf8Bytes } from '../bytes/text.js'
import { invalid, isDict } from './fields.js'
import { announcedEntries, type Announced } from './torrent-dict.js'

/** What to change; what is absent stays. An empty text, list or list of tiers takes the key out. */
export interface TorrentChanges extends Announced {
  /** Changes that give the torrent another info-hash, another swarm: only with `force`. */
  readonly info?: { readonly private?: boolean; readonly source?: string; readonly name?: string }
  readonly force?: boolean
}

/**
 * A .torrent file with other trackers, web seeds or texts. Without `changes.info` the info dictionary and every other
 * value is copied byte by byte, also where it is not canonical; the outermost keys come out sorted. Gives a fresh array.
 * @throws BitloomError INVALID_ARGUMENT (a URL that is none, `info` without `force`); BencodeError; MetainfoError
 */
export function editTorrentBytes(bytes: Uint8Array, changes: TorrentChanges): Uint8Array {
  const { value, spans } = decodeDocument(bytes, { trailing: 'newline' })
  const info = isDict(value) ? value.get('info') : undefined
  if (!isDict(info)) throw invalid('the torrent file has no info dictionary')
  const raw = new Map<string, Uint8Array>()
  for (const [key, span] of spans) raw.set(key, bytes.subarray(span.begin, span.end))
  for (const [key, replaced] of announcedEntries(changes)) {
    raw.delete(`${key}.utf-8`)
    if (replaced === undefined) raw.delete(key)
    else raw.set(key, encode(replaced))
  }
  if (changes.info !== undefined) {
    if (changes.force !== true) {
      throw new BitloomError('INVALID_ARGUMENT', 'changing the info of a torrent changes its info-hash')
    }
    raw.set('info', encode(changedInfo(info, changes.info)))
  }
  return joined(raw)
}

function changedInfo(info: Dict, changes: NonNullable<TorrentChanges['info']>): Encodable {
  const changed = new Map<string, BencodeValue>(info)
  const { name, source } = changes
  if (changes.private !== undefined) setOrDelete(changed, 'private', changes.private ? 1 : undefined)
  if (source !== undefined) {
    changed.delete('source.utf-8')
    setOrDelete(changed, 'source', source === '' ? undefined : utf8Bytes(source))
  }
  if (name !== undefined) rename(changed, name)
  return changed
}

function rename(info: Map<string, BencodeValue>, name: string): void {
  if (name === '') throw new BitloomError('INVALID_ARGUMENT', 'the name of a torrent cannot be empty')
  const before = info.get('name')
  const tree = info.get('file tree')
  info.delete('name.utf-8')
  info.set('name', utf8Bytes(name))
  if (!isDict(tree) || tree.size !== 1 || !(before instanceof Uint8Array) || info.has('files')) return
  const leaf = tree.get(latin1(before))
  // The tree of a single file has its name as the only key.
  if (isDict(leaf) && leaf.has('')) info.set('file tree', new Map([[latin1(utf8Bytes(name)), leaf]]))
}

function setOrDelete(map: Map<string, BencodeValue>, key: string, value: BencodeValue | undefined): void {
  if (value === undefined) map.delete(key)
  else map.set(key, value)
}

function joined(raw: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const parts: Uint8Array[] = [utf8Bytes('d')]
  for (const key of [...raw.keys()].sort()) parts.push(encode(latin1Bytes(key)), raw.get(key) as Uint8Array)
  parts.push(utf8Bytes('e'))
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

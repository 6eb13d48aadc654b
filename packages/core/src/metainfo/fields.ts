/** Typed reading of the dictionaries of a torrent file. What is optional and mistyped counts as absent. */
import type { BencodeValue, Dict } from '../bytes/bencode.js'
import { MetainfoError, PathError } from '../bytes/errors.js'
import { utf8 } from '../bytes/text.js'

/** The largest length of a file or of all files: 2^48 - 1. */
export const maxLengthBytes = 2 ** 48 - 1

/** The largest piece length: 512 MiB less a block, as others have it. */
export const maxPieceLengthBytes = 536_854_528

/** The most pieces that are loaded or created. */
export const maxPieces = 2 ** 21

export function isDict(value: BencodeValue | undefined): value is Dict {
  return value instanceof Map
}

export function isList(value: BencodeValue | undefined): value is readonly BencodeValue[] {
  return Array.isArray(value)
}

/** An `METAINFO_INVALID` error. */
export function invalid(message: string): MetainfoError {
  return new MetainfoError('METAINFO_INVALID', message)
}

/** UTF-8 text under a key, its `.utf-8` form first; undefined if absent or no string. */
export function textField(dict: Dict, key: string): string | undefined {
  const preferred = dict.get(`${key}.utf-8`)
  const value = preferred instanceof Uint8Array ? preferred : dict.get(key)
  return value instanceof Uint8Array ? utf8(value) : undefined
}

export function integerField(dict: Dict, key: string): number | undefined {
  const value = dict.get(key)
  return typeof value === 'number' ? value : undefined
}

/** @throws MetainfoError unless there is an integer from 0 to 2^48 - 1 */
export function lengthField(dict: Dict): number {
  const length = integerField(dict, 'length')
  if (length === undefined) throw invalid('a file of the torrent has no length')
  if (length < 0 || length > maxLengthBytes) throw invalid(`a file of the torrent has the length ${length}`)
  return length
}

/** A list of names as text. @throws PathError if it is missing, mistyped, or nothing in it says anything */
export function pathField(dict: Dict, key: string): string[] {
  const preferred = dict.get(`${key}.utf-8`)
  const value = preferred === undefined ? dict.get(key) : preferred
  if (!isList(value)) throw new PathError(`the torrent has a file without a "${key}" list`)
  const parts = value.map((part) => {
    if (!(part instanceof Uint8Array)) throw new PathError(`a part of a "${key}" list is no string`)
    return utf8(part)
  })
  if (parts.every((part) => part === '')) throw new PathError(`the torrent has a file with an empty "${key}" list`)
  return parts
}

/** The torrent's name as text. @throws PathError if it is missing, mistyped or empty */
export function nameField(info: Dict): string {
  const name = textField(info, 'name')
  if (name === undefined) throw new PathError('the torrent has no name')
  if (name === '') throw new PathError('the name of the torrent is empty')
  return name
}

import { parseIp } from '@bitloom/core'

/** The words of an address: one for IPv4, four for IPv6, highest first. */
export type AddressWords = readonly [number] | readonly [number, number, number, number]

/**
 * Reads a numeric address; an IPv4-mapped IPv6 address is IPv4. Lists pad octets with zeros (`001.010.000.255`), so these
 * are decimal here. `undefined` for anything else.
 */
export function parseAddress(text: string): AddressWords | undefined {
  if (!text.includes(':')) {
    const word = parseIpv4Word(text)
    return word < 0 ? undefined : [word]
  }
  const words = new Uint32Array(4)
  if (!readIpv6(text, words)) return undefined
  const [a = 0, b = 0, c = 0, d = 0] = words
  return isMapped(words) ? [d] : [a, b, c, d]
}

/** True for an IPv4-mapped address: its last word is the IPv4 address. */
export function isMapped(words: Uint32Array): boolean {
  return words[0] === 0 && words[1] === 0 && words[2] === 0xffff
}

/** Writes the four words of an IPv6 address; false for anything else. One pass and no garbage, as for IPv4. */
export function readIpv6(text: string, into: Uint32Array): boolean {
  if (text.includes('.')) return readDotted(text, into)
  into.fill(0)
  let count = 0
  let gap = -1
  let at = 0
  if (text.startsWith('::')) {
    gap = 0
    at = 2
  }
  while (at < text.length) {
    const end = hexEnd(text, at)
    if (end === at || end - at > 4 || count === 8) return false
    setGroup(into, count++, hexValue(text, at, end))
    at = end
    if (at === text.length) break
    if (text.charCodeAt(at) !== colon || at + 1 === text.length) return false
    at++
    if (text.charCodeAt(at) !== colon) continue
    if (gap >= 0) return false
    gap = count
    at++
  }
  if (gap < 0) return count === 8
  if (count === 8) return false
  for (let moved = count - 1; moved >= gap; moved--) {
    setGroup(into, moved + 8 - count, groupAt(into, moved))
    setGroup(into, moved, 0)
  }
  return true
}

const colon = 58

function groupAt(words: Uint32Array, group: number): number {
  const word = words[group >> 1] ?? 0
  return (group & 1) === 0 ? word >>> 16 : word & 0xffff
}

function setGroup(words: Uint32Array, group: number, value: number): void {
  const word = words[group >> 1] ?? 0
  words[group >> 1] = (group & 1) === 0 ? (word & 0xffff) | (value << 16) : (word & 0xffff_0000) | value
}

function hexEnd(text: string, from: number): number {
  let at = from
  while (hexDigit(text.charCodeAt(at)) >= 0) at++
  return at
}

function hexValue(text: string, from: number, to: number): number {
  let value = 0
  for (let at = from; at < to; at++) value = value * 16 + hexDigit(text.charCodeAt(at))
  return value
}

/** The value of a digit, or -1; NaN, past the end, is none. */
function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  const lower = code | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}

/** The rare form with an IPv4 address at its end. */
function readDotted(text: string, into: Uint32Array): boolean {
  const bytes = parseIp(text)
  if (bytes === undefined) return false
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16)
  for (let word = 0; word < 4; word++) into[word] = view.getUint32(word * 4)
  return true
}

/** An IPv4 address as a number, or -1. Without splitting or regular expressions: this is the path of every look-up. */
export function parseIpv4Word(text: string): number {
  let word = 0
  let octet = 0
  let digits = 0
  let dots = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 46) {
      if (digits === 0 || ++dots > 3) return -1
      word = word * 256 + octet
      octet = digits = 0
      continue
    }
    if (code < 48 || code > 57 || ++digits > 3) return -1
    octet = octet * 10 + code - 48
    if (octet > 255) return -1
  }
  return dots === 3 && digits > 0 ? word * 256 + octet : -1
}

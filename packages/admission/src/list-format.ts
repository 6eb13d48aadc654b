import { type AddressWords, parseAddress } from './address.js'

/** First and last address, of one family; `start` ≤ `end`. */
export interface AddressRange {
  readonly start: AddressWords
  readonly end: AddressWords
}

/** eMule: rules with a higher access level let through. */
const highestBlockedLevel = 127

/** Characters of an IPv6 address with the colon before it. */
const longestAddress = 46

const comment = /^\s*(#|\/\/|;|$)/
const dat = /^\s*([\da-f.:]+)\s*-\s*([\da-f.:]+)\s*,\s*(\d+)\s*(?:,|$)/i
const plain = /^\s*([\da-f.:]+)\s*(?:-\s*([\da-f.:]+)|\/\s*(\d{1,3}))?\s*(?:[;#].*)?$/i

/**
 * One line of a list in any of the formats that lists come in, told apart by the line itself:
 * an address, a network (`10.0.0.0/8`) or a range with or without a comment · PeerGuardian (`name:1.2.3.4-1.2.3.5`) ·
 * eMule (`1.2.3.4 - 1.2.3.5 , 100 , name`).
 * "none" = a comment, an empty line, or a rule that lets through; "bad" = anything else.
 */
export function parseListLine(line: string): AddressRange | 'none' | 'bad' {
  if (comment.test(line)) return 'none'
  const rule = dat.exec(line)
  if (rule !== null) {
    return Number(rule[3]) > highestBlockedLevel ? 'none' : rangeOf(rule[1], rule[2])
  }
  const simple = plain.exec(line)
  if (simple !== null) {
    const [, first = '', last, prefix] = simple
    if (prefix !== undefined) return networkOf(first, Number(prefix))
    // Else it is a name that looks like the beginning of an address: "Abc:1.2.3.4-1.2.3.5".
    if (parseAddress(first) !== undefined) return rangeOf(first, last ?? first)
  }
  const dash = line.lastIndexOf('-')
  return dash < 0 ? 'bad' : namedRange(line.slice(0, dash).trimEnd(), line.slice(dash + 1).trim())
}

function rangeOf(first = '', last = ''): AddressRange | 'bad' {
  const start = parseAddress(first)
  const end = parseAddress(last)
  if (start === undefined || end === undefined || start.length !== end.length) return 'bad'
  for (let word = 0; word < start.length; word++) {
    const difference = (end[word] ?? 0) - (start[word] ?? 0)
    if (difference < 0) return 'bad'
    if (difference > 0) break
  }
  return { start, end }
}

function networkOf(address: string, prefix: number): AddressRange | 'bad' {
  const words = parseAddress(address)
  if (words === undefined || prefix > words.length * 32) return 'bad'
  const isFixed = (word: number): number => Math.min(32, Math.max(0, prefix - word * 32))
  const start = words.map((value, word) => (value & maskOf(isFixed(word))) >>> 0)
  const end = words.map((value, word) => (value | ~maskOf(isFixed(word))) >>> 0)
  return { start: start as unknown as AddressWords, end: end as unknown as AddressWords }
}

/** The highest `bits` of a word; a shift by 32 would be none. */
function maskOf(bits: number): number {
  return bits === 0 ? 0 : (0xffff_ffff << (32 - bits)) >>> 0
}

/** The name may have colons, and so may the address: the longest end of the text that is one counts. */
function namedRange(text: string, last: string): AddressRange | 'bad' {
  if (!last.includes(':')) return rangeOf(text.slice(text.lastIndexOf(':') + 1).trim(), last)
  const from = Math.max(0, text.length - longestAddress)
  for (let at = text.indexOf(':', from); at >= 0; at = text.indexOf(':', at + 1)) {
    const range = rangeOf(text.slice(at + 1).trim(), last)
    if (range !== 'bad') return range
  }
  return 'bad'
}

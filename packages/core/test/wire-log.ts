import type { Wire } from '../src/wire/wire.js'

/** A wire that writes down what it hears, one line a message; payloads as hex. */
export function wireLog(place: (length: number) => Uint8Array | undefined = (length) => new Uint8Array(length)) {
  const lines: string[] = []
  let target: Uint8Array | undefined
  const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  const say = (line: string): void => void lines.push(line)
  const wire: Wire = {
    choke: (on) => say(on ? 'choke' : 'unchoke'),
    interested: (on) => say(on ? 'interested' : 'not interested'),
    have: (piece) => say(`have ${piece}`),
    bitfield: (bits) => say(`bitfield ${hex(bits)}`),
    haveAll: () => say('have all'),
    haveNone: () => say('have none'),
    request: (piece, begin, length) => say(`request ${piece} ${begin} ${length}`),
    cancel: (piece, begin, length) => say(`cancel ${piece} ${begin} ${length}`),
    reject: (piece, begin, length) => say(`reject ${piece} ${begin} ${length}`),
    suggest: (piece) => say(`suggest ${piece}`),
    allowFast: (piece) => say(`allow fast ${piece}`),
    extended: (id, payload) => say(`extended ${id} ${hex(payload)}`),
    other: (id, payload) => say(`other ${id} ${hex(payload)}`),
    blockStart: (piece, begin, length) => {
      say(`block ${piece} ${begin} ${length}`)
      target = place(length)
      return target
    },
    blockEnd: (piece, begin, length) =>
      say(`block end ${piece} ${begin} ${length} ${hex(target ?? new Uint8Array(0))}`),
  }
  return { wire, lines }
}

/** Bytes of hex digits; spaces are free. */
export function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.replaceAll(' ', '').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

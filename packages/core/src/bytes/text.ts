/** Text and hex forms of byte strings, without `Buffer`. */

const lossyDecoder = new TextDecoder('utf-8', { ignoreBOM: true })
const strictDecoder = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true })
const encoder = new TextEncoder()

/** One character per byte (ISO 8859-1): the form of dictionary keys. Not the web's "latin1", which is windows-1252. */
export function latin1(bytes: Uint8Array): string {
  let text = ''
  for (let from = 0; from < bytes.length; from += 4096) {
    text += String.fromCharCode.apply(undefined, bytes.subarray(from, from + 4096) as unknown as number[])
  }
  return text
}

/**
 * The bytes of a text with one character per byte, a fresh array.
 * @throws RangeError for a character above U+00FF
 */
export function latin1Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code > 0xff) throw new RangeError(`character ${index} of a byte string is above U+00FF`)
    bytes[index] = code
  }
  return bytes
}

/** UTF-8 text; what is not UTF-8 becomes U+FFFD. */
export function utf8(bytes: Uint8Array): string {
  return lossyDecoder.decode(bytes)
}

/** UTF-8 text, or undefined if the bytes are not UTF-8. */
export function utf8Strict(bytes: Uint8Array): string | undefined {
  try {
    return strictDecoder.decode(bytes)
  } catch {
    return undefined
  }
}

/** The UTF-8 bytes of a text, a fresh array. */
export function utf8Bytes(text: string): Uint8Array {
  return encoder.encode(text)
}

const hexDigits = encoder.encode('0123456789abcdef')

/** Lower-case hex digits, two per byte. Decoded at once: V8 keeps a text that grew as a rope, 32 bytes for each knot. */
export function toHex(bytes: Uint8Array): string {
  const text = new Uint8Array(2 * bytes.length)
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] ?? 0
    text[2 * index] = hexDigits[byte >> 4] ?? 0
    text[2 * index + 1] = hexDigits[byte & 15] ?? 0
  }
  return utf8(text)
}

/** The bytes of hex digits of either case, or undefined if the text is anything else. */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(text)) return undefined
  const bytes = new Uint8Array(text.length / 2)
  for (let index = 0; index < bytes.length; index++) {
    bytes[index] = Number.parseInt(text.slice(index * 2, index * 2 + 2), 16)
  }
  return bytes
}

/** True if both have the same bytes. Not in constant time. */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false
  for (let index = 0; index < left.length; index++) if (left[index] !== right[index]) return false
  return true
}

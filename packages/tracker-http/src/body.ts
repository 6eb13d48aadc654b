import { Readable, type Transform, pipeline } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib'
import { TrackerError } from '@bitloom/core'

/** What is said of the tracker in errors: its redacted URL. */
type TrackerName = string

/** The encodings `readBody` knows, for `accept-encoding`. */
export const knownEncodings = 'gzip, deflate, br'

/**
 * Reads a body to its end, decompressed. Holds at most `maxBytes` and the few buffers of the decoder: a bomb is let go
 * as soon as it is over the limit. Ends the body in any case.
 * @throws TrackerError TRACKER_INVALID for more than `maxBytes` before or after decompression, an unknown encoding, or
 *   bytes that are not of that encoding; besides whatever the body fails with
 */
export async function readBody(
  body: Readable,
  encoding: string,
  maxBytes: number,
  tracker: TrackerName,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  try {
    const received = limited(body, maxBytes, tracker)
    const plain = isPlain(encoding) ? received : limited(decompressed(received, encoding, tracker), maxBytes, tracker)
    for await (const chunk of plain) chunks.push(chunk)
  } catch (error) {
    throw isCodecError(error) ? invalid(tracker, `is not ${encoding} data`, error) : error
  } finally {
    body.destroy()
  }
  return Buffer.concat(chunks)
}

async function* limited(
  source: AsyncIterable<Uint8Array>,
  maxBytes: number,
  tracker: TrackerName,
): AsyncGenerator<Uint8Array> {
  let total = 0
  for await (const chunk of source) {
    total += chunk.length
    if (total > maxBytes) throw invalid(tracker, `is longer than ${maxBytes} bytes`)
    yield chunk
  }
}

async function* decompressed(
  source: AsyncGenerator<Uint8Array>,
  encoding: string,
  tracker: TrackerName,
): AsyncGenerator<Uint8Array> {
  const first = await source.next()
  if (first.done === true) return
  const decoder = decoderOf(encoding, first.value, tracker)
  // The callback form ties the two together: whichever fails or ends early takes the other with it.
  pipeline(Readable.from(resumed(first.value, source)), decoder, () => {})
  yield* decoder as AsyncIterable<Uint8Array>
}

async function* resumed(first: Uint8Array, rest: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first
  yield* rest
}

/** "deflate" is zlib by RFC 9110, yet some servers send it raw; the first byte tells. */
function decoderOf(encoding: string, start: Uint8Array, tracker: TrackerName): Transform {
  if (encoding === 'gzip' || encoding === 'x-gzip') return createGunzip()
  if (encoding === 'br') return createBrotliDecompress()
  if (encoding === 'deflate') return ((start[0] ?? 0) & 0x0f) === 8 ? createInflate() : createInflateRaw()
  throw invalid(tracker, 'has an unknown content encoding')
}

function isPlain(encoding: string): boolean {
  return encoding === '' || encoding === 'identity'
}

function isCodecError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(Z_|ERR__)/.test(String(error.code))
}

function invalid(tracker: TrackerName, what: string, cause?: unknown): TrackerError {
  return new TrackerError('TRACKER_INVALID', `the answer of the tracker ${tracker} ${what}`, { cause })
}

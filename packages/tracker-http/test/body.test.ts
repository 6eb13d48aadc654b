import { Readable } from 'node:stream'
import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { readBody } from '../src/body.js'

const mebibyte = 1024 * 1024
const text = Buffer.from('d8:intervali1800e5:peers0:e')

/** The bytes in small chunks; `taken` is how many were read of them. */
function slowly(bytes: Uint8Array, size: number): { readonly body: Readable; taken: () => number } {
  let at = 0
  const body = new Readable({
    highWaterMark: size,
    read() {
      if (at >= bytes.length) this.push(null)
      else this.push(bytes.subarray(at, (at += size)))
    },
  })
  return { body, taken: () => at }
}

describe('readBody', () => {
  it.each([
    ['', text],
    ['identity', text],
    ['gzip', gzipSync(text)],
    ['x-gzip', gzipSync(text)],
    ['deflate', deflateSync(text)],
    ['deflate', deflateRawSync(text)],
    ['br', brotliCompressSync(text)],
  ])('reads %s at every chunk size', async (encoding, bytes) => {
    for (const size of [1, 2, 7, 1000]) {
      const { body } = slowly(bytes, size)
      expect(Buffer.from(await readBody(body, encoding, 1000, 't'))).toEqual(text)
      expect(body.destroyed).toBe(true)
    }
  })

  it('an empty body is empty in every encoding', async () => {
    for (const encoding of ['', 'gzip', 'br']) {
      expect((await readBody(Readable.from([]), encoding, 10, 't')).length).toBe(0)
    }
  })

  it.each([
    ['gzip', 'is not gzip data', Buffer.from('no gzip at all')],
    ['gzip', 'is not gzip data', gzipSync(text).subarray(0, 20)],
    ['br', 'is not br data', Buffer.from('no brotli at all')],
    ['deflate', 'is not deflate data', Buffer.from([0x78, 0xff, 1, 2, 3])],
    ['zstd', 'has an unknown content encoding', text],
  ])('%s that is none: %s', async (encoding, message, bytes) => {
    const { body } = slowly(bytes, 5)
    await expect(readBody(body, encoding, 1000, 'http://t')).rejects.toMatchObject({
      code: 'TRACKER_INVALID',
      message: `the answer of the tracker http://t ${message}`,
    })
    expect(body.destroyed).toBe(true)
  })

  it('passes on the error of the stream', async () => {
    const failure = new Error('gone')
    const body = new Readable({ read: () => void body.destroy(failure) })
    await expect(readBody(body, '', 10, 't')).rejects.toBe(failure)
    let pushed = false
    const compressed = new Readable({
      read() {
        if (pushed) this.destroy(failure)
        else pushed = this.push(gzipSync(text).subarray(0, 12))
      },
    })
    await expect(readBody(compressed, 'gzip', 1000, 't')).rejects.toBe(failure)
  })

  it('takes exactly the limit and not a byte more', async () => {
    const exact = Buffer.alloc(mebibyte)
    for (const [encoding, pack] of [['', (bytes: Buffer) => bytes] as const, ['gzip', gzipSync] as const]) {
      const whole = await readBody(slowly(pack(exact), 5000).body, encoding, mebibyte, 't')
      expect(whole.length).toBe(mebibyte)
      const more = readBody(slowly(pack(Buffer.alloc(mebibyte + 1)), 5000).body, encoding, mebibyte, 't')
      await expect(more).rejects.toMatchObject({ code: 'TRACKER_INVALID' })
    }
  })

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', (bytes: Buffer) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } })],
  ] as const)('a bomb of %s is let go early and costs at most 8 MiB', async (encoding, pack) => {
    const bomb = pack(Buffer.alloc(256 * mebibyte))
    const { body, taken } = slowly(bomb, 64)
    globalThis.gc?.()
    const before = process.memoryUsage().arrayBuffers
    let most = 0
    body.on('data', () => (most = Math.max(most, process.memoryUsage().arrayBuffers - before)))
    await expect(readBody(body.pause(), encoding, mebibyte, 't')).rejects.toMatchObject({
      message: `the answer of the tracker t is longer than ${mebibyte} bytes`,
    })
    most = Math.max(most, process.memoryUsage().arrayBuffers - before)
    expect(most).toBeLessThan(8 * mebibyte)
    expect(taken()).toBeLessThan(Math.max(bomb.length / 8, 512))
    expect(body.destroyed).toBe(true)
  })
})

import { type Content, createLayout, type FileEntry } from '@bitloom/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { torrentKey } from '../src/key.js'
import { PieceCipher } from '../src/piece-cipher.js'

const key = Uint8Array.from({ length: 32 }, (_, at) => at + 1)

/** A torrent of files of these lengths; negative ones are padding. */
function contentOf(lengths: readonly number[], pieceLengthBytes: number): Content {
  let offsetBytes = 0
  const files = lengths.map((length, index): FileEntry => {
    const lengthBytes = Math.abs(length)
    const file = { path: `${index}`, lengthBytes, offsetBytes, padding: length < 0, executable: false, hidden: false }
    offsetBytes += lengthBytes
    return file
  })
  return {
    name: 'torrent',
    infoHashes: { v1: new Uint8Array(20) },
    files,
    layout: createLayout(files, pieceLengthBytes),
  }
}

const plain = (lengthBytes: number): Uint8Array => Uint8Array.from({ length: lengthBytes }, (_, at) => (at * 13) & 0xff)

describe('a piece cipher', () => {
  it('gives back what it was given, whatever is read of it', () => {
    const content = contentOf([1_000], 300)
    const cipher = new PieceCipher(key, content)
    fc.assert(
      fc.property(fc.nat(2), fc.nat(18), fc.nat(18), (piece, from, units) => {
        const bytes = plain(300)
        const stored = cipher.encrypt(piece, 0, bytes)
        expect(stored).not.toEqual(bytes)
        const begin = from * 16
        const part = stored.slice(begin, Math.min(300, begin + units * 16))
        cipher.decrypt(piece, begin, part)
        expect(Buffer.from(part)).toEqual(Buffer.from(bytes.subarray(begin, begin + part.length)))
      }),
    )
  })

  it('has a keystream of its own for every place of every torrent', () => {
    const content = contentOf([4_096], 64)
    const [one, other] = [new PieceCipher(key, content), new PieceCipher(key.slice().fill(9), content)]
    const units = new Set<string>()
    for (const cipher of [one, other])
      for (let piece = 0; piece < 64; piece++) {
        const stored = cipher.encrypt(piece, 0, new Uint8Array(64).fill(5))
        for (let at = 0; at < 64; at += 16) units.add(Buffer.from(stored.subarray(at, at + 16)).toString('hex'))
      }
    expect(units.size).toBe(2 * 64 * 4)
    const hashes = [{ v1: new Uint8Array(20) }, { v1: new Uint8Array(20).fill(1) }, { v2: new Uint8Array(32) }]
    expect(new Set(hashes.map((each) => Buffer.from(torrentKey(key, each)).toString('hex'))).size).toBe(3)
    expect(torrentKey(key, { v1: new Uint8Array(20), v2: new Uint8Array(32) })).toEqual(
      torrentKey(key, { v1: new Uint8Array(20) }),
    )
  })

  it('hides zeros that were written, and keeps holes', () => {
    const cipher = new PieceCipher(key, contentOf([64], 64))
    const stored = cipher.encrypt(0, 0, new Uint8Array(64))
    expect(stored.filter((byte) => byte === 0).length).toBeLessThan(10)
    const hole = new Uint8Array(64)
    cipher.decrypt(0, 0, hole)
    expect(hole).toEqual(new Uint8Array(64))
  })

  it.each([1, 2, 3, 15])('gives back every value of the last %i bytes of a piece, and holes', (tail) => {
    const content = contentOf([16 + tail], 16 + tail)
    const cipher = new PieceCipher(key, content)
    const seen = new Set<string>()
    for (let value = 0; value < 256; value++) {
      const bytes = new Uint8Array(16 + tail).fill(1)
      bytes.fill(0, 16)
      bytes[16] = value
      const stored = cipher.encrypt(0, 0, bytes)
      seen.add(Buffer.from(stored.subarray(16)).toString('hex'))
      cipher.decrypt(0, 0, stored)
      expect(stored).toEqual(bytes)
    }
    expect(seen.size).toBe(256)
  })

  it('gives back data beside padding, which is not kept', () => {
    const lengths = fc.array(fc.integer({ min: -40, max: 40 }), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(lengths, fc.array(fc.nat(255), { minLength: 360, maxLength: 360 }), (some, values) => {
        const content = contentOf([1, ...some], 360)
        const { lengthBytes } = content.layout
        const bytes = Uint8Array.from(values.slice(0, lengthBytes))
        const padding = content.files.filter((file) => file.padding)
        const drop = (target: Uint8Array): void => {
          for (const file of padding) target.fill(0, file.offsetBytes, file.offsetBytes + file.lengthBytes)
        }
        drop(bytes)
        const cipher = new PieceCipher(key, content)
        const stored = cipher.encrypt(0, 0, bytes)
        const kept = stored.slice()
        drop(kept)
        expect(kept).toEqual(stored)
        cipher.decrypt(0, 0, stored)
        expect(stored).toEqual(bytes)
      }),
      { numRuns: 300 },
    )
  })
})

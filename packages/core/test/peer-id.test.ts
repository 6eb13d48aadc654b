import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { latin1Bytes } from '../src/bytes/text.js'
import { azureusCodes } from '../src/wire/client-codes.js'
import { clientName, peerIdPrefix, stripControl } from '../src/wire/peer-id.js'

function nameOf(start: string): string {
  return clientName(latin1Bytes(start.padEnd(20, 'x')))
}

const known: readonly (readonly [string, string])[] = [
  ['-qB4520-', 'qBittorrent 4.5.2'],
  ['-qB50A0-', 'qBittorrent 5.0.10'],
  ['-TR3000-', 'Transmission 3.00'],
  ['-TR2940-', 'Transmission 2.94'],
  ['-TR294Z-', 'Transmission 2.94+'],
  ['-TR4050-', 'Transmission 4.0.5'],
  ['-TR0072-', 'Transmission 0.72'],
  ['-TR0006-', 'Transmission 0.6'],
  ['A2-1-36-0-', 'aria2 1.36.0'],
  ['-LT2080-', 'libtorrent 2.0.8.0'],
  ['-lt0D80-', 'libTorrent (rTorrent) 0.13.8'],
  ['-WW0300-', 'WebTorrent 3.0'],
  ['-WW0102-', 'WebTorrent 1.2'],
  ['-UT3550-', 'µTorrent 3.5.5'],
  ['-UT355W-', 'µTorrent 3.5.5'],
  ['-DE2110-', 'Deluge 2.1.1'],
  ['-DE211s-', 'Deluge 2.1.1'],
  ['-AZ5760-', 'Vuze 5.7.6.0'],
  ['-BI3300-', 'BiglyBT 3.3.0.0'],
  ['-BC0207-', 'BitComet 2.07'],
  ['-KT5220-', 'KTorrent 5.2.2'],
  ['-BL0100-', 'Bitloom 0.1.0'],
  ['-MO3002-', 'MonoTorrent 3.0.0.2'],
  ['-FW6870-', 'FrostWire 6.8.7'],
  ['-ML3.1.6-', 'MLDonkey 3.1.6'],
  ['-BOWA0C-', 'Bits on Wheels A.0.C'],
  ['-G3', 'G3 Torrent'],
  ['TIX0193-', 'Tixati 1.93'],
  ['M7-4-3--', 'BitTorrent 7.4.3'],
  ['M4-20-8-', 'BitTorrent 4.20.8'],
  ['Q1-10-0-', 'Queen Bee 1.10.0'],
  ['S58B-----', "Shadow's client 5.8.11"],
  ['T03A0----', 'BitTornado 0.3.10.0'],
  ['T03I--000', 'BitTornado 0.3.18'],
  ['exbc\x00\x38', 'BitComet 0.56'],
  ['exbc\x01\x00LORD', 'BitLord 1.00'],
  ['XBT054d-', 'XBT Client 0.5.4'],
  ['-QZ1230-', 'QZ 1.2.3'],
]

describe('the client behind a peer id', () => {
  it.each(known)('%j is %s', (id, name) => {
    expect(nameOf(id)).toBe(name)
  })

  it('is shown escaped when nobody knows it', () => {
    expect(nameOf('\x00\x1b[31m%é')).toBe('%00%1B[31m%25%E9')
    expect(clientName(new Uint8Array(20))).toBe('%00'.repeat(8))
  })

  it('is safe to print whatever the id', () => {
    const code = fc.constantFrom(...azureusCodes.keys(), 'M', 'T', 'exbc', 'A2')
    const tail = fc.uint8Array({ minLength: 20, maxLength: 20 })
    fc.assert(
      fc.property(fc.constantFrom('', '-'), fc.option(code, { nil: '' }), tail, (dash, start, bytes) => {
        const id = Uint8Array.of(...latin1Bytes(dash + start), ...bytes).subarray(0, 20)
        expect(clientName(id)).toMatch(/^[\x20-\x7eµ]+$/)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('our own peer id', () => {
  it.each([
    ['0.1.0', '-BL0100-'],
    ['1.12.3', '-BL1C30-'],
    ['1.2.3-beta.4', '-BL1230-'],
    ['1.2.3.4', '-BL1234-'],
    ['99.0.0', '-BLZ000-'],
    ['', '-BL0000-'],
  ])('of version %j begins with %s', (version, prefix) => {
    expect(peerIdPrefix(version)).toBe(prefix)
  })
})

describe('text for a terminal', () => {
  it('loses what moves the cursor or hides', () => {
    expect(stripControl(' a\u001b]0;x\u0007b\u200b\u202ec\u2028\u0085 ')).toBe('a]0;xbc')
    expect(stripControl('naïve 漢字 🙂')).toBe('naïve 漢字 🙂')
  })
})

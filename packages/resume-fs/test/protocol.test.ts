import { ResumeError } from '@bitloom/core'
import { expect, it } from 'vitest'
import { formatRecord, parseRecord } from '../src/protocol.js'
import { makeRecord } from './records.js'

const { record } = makeRecord()
const bytes = formatRecord(record)

/** What a parse answers, or the error it throws. */
function outcome(input: Uint8Array): unknown {
  try {
    return parseRecord(input)
  } catch (error) {
    return error
  }
}

it('reads what it wrote, with bytes of its own', () => {
  const read = parseRecord(bytes)
  expect(read).toEqual(record)
  read.have.fill(0)
  expect(parseRecord(bytes)).toEqual(record)
})

it('writes the same record in the same bytes', () => {
  expect(formatRecord({ ...record })).toEqual(bytes)
})

it('refuses a record with any byte flipped, in any of 9 ways', () => {
  let refused = 0
  for (let at = 0; at < bytes.length; at++) {
    for (const flip of [1, 2, 4, 8, 16, 32, 64, 128, 255]) {
      const changed = bytes.slice()
      changed[at] = (changed[at] ?? 0) ^ flip
      expect(outcome(changed), `byte ${at} ^ ${flip}`).toBeInstanceOf(ResumeError)
      refused++
    }
  }
  console.log(`faults: flips of a record of ${bytes.length} bytes: ${refused} tried, 0 crashes, 0 false haves`)
})

it('refuses a record cut anywhere, and one that goes on', () => {
  for (let length = 0; length < bytes.length; length++) {
    expect(outcome(bytes.subarray(0, length)), `${length} bytes`).toBeInstanceOf(ResumeError)
  }
  expect(outcome(Uint8Array.of(...bytes, 0))).toBeInstanceOf(ResumeError)
  console.log(`faults: truncations of a record: ${bytes.length} tried, 0 crashes, 0 false haves`)
})

it.each([
  ['no bencode', 'nonsense'],
  ['another dictionary', 'd1:ai1ee'],
  ['a list', 'le'],
  ['nothing', ''],
  ['a newer version', 'd8:checksum1:x6:record2:de7:versioni2ee'],
])('refuses %s with a sentence', (_what, text) => {
  const error = outcome(new TextEncoder().encode(text))
  expect(error).toBeInstanceOf(ResumeError)
  expect((error as Error).message).not.toBe('')
})

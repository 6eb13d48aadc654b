import { expect, it } from 'vitest'
import { decodeMessage, pieceBytes } from '../src/protocol.js'
import { Serving } from '../src/serving.js'

it('rejects what waits for an info dictionary that cannot be read any more', () => {
  const said: unknown[] = []
  const serving = new Serving((payload) => said.push(decodeMessage(payload)) > 0)
  expect(serving.request(0, 2 * pieceBytes, 0)).toBe('waiting')
  expect(serving.request(1, 2 * pieceBytes, 0)).toBe('waiting')
  expect(said).toEqual([])
  expect(serving.resume(undefined)).toBe(true)
  expect(said).toEqual([
    { type: 'reject', piece: 0 },
    { type: 'reject', piece: 1 },
  ])
  expect(serving.resume(new Uint8Array(2 * pieceBytes))).toBe(true)
  expect(said).toHaveLength(2)
})

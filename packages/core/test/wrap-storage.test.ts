import { expect, it } from 'vitest'
import { wrapStorage } from '../src/ports/wrap-storage.js'
import { TestStorage } from './support/world.js'

it('passes on what it does not override, methods of a class included, and keeps what is missing missing', async () => {
  const inner = await new TestStorage(4).open({ layout: { pieceCount: 1, pieceLengthBytes: 4 } })
  class Counting {
    removed = 0
    async remove(): Promise<void> {
      this.removed++
    }
  }
  const counting = Object.assign(new Counting(), inner)
  const flipped = wrapStorage(counting, {
    write: (piece, begin, bytes) =>
      counting.write(
        piece,
        begin,
        bytes.map((byte) => byte ^ 0xff),
      ),
  })
  await flipped.write(0, 0, Uint8Array.of(1, 2, 3, 4))
  const into = new Uint8Array(4)
  await flipped.read(0, 0, [into], 'verify')
  expect([...into]).toEqual([254, 253, 252, 251])
  await flipped.remove?.()
  expect(counting.removed).toBe(1)
  expect(flipped.move).toBeUndefined()
})

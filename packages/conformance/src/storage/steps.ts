import type { Random } from '@bitloom/core'
import { expectBytes } from '../kit/expect.js'
import { between, oneOf } from '../kit/random.js'
import type { OpenContent } from './bench.js'
import { contentOf, type FileShape, wantedFiles } from './content.js'

/** A torrent of up to ten files of up to 150 bytes, padding among them, in pieces of 64 bytes. */
export function randomContent(random: Random, seed: string): ReturnType<typeof contentOf> {
  const more = Array.from({ length: between(random, 1, 9) }, (_, index): FileShape => ({
    path: `${index}`,
    lengthBytes: random.below(151),
    padding: random.below(3) === 0,
  }))
  return contentOf([{ path: 'first', lengthBytes: 1 }, ...more], 64, `stream ${seed}`)
}

/** Runs calls in a random order against the storage and an array of the whole stream; every read must be the same. */
export async function runSteps(open: OpenContent, random: Random, seed: string): Promise<void> {
  const { content, handle } = open
  const { layout, files } = content
  const model = new Uint8Array(layout.lengthBytes)
  const clearPadding = (): void => {
    for (const file of files) if (file.padding) model.fill(0, file.offsetBytes, file.offsetBytes + file.lengthBytes)
  }
  const compare = async (piece: number, begin: number, lengthBytes: number, step: number): Promise<void> => {
    const at = piece * layout.pieceLengthBytes + begin
    const expected = model.subarray(at, at + lengthBytes)
    const what = `read(${piece}, ${begin}, ${lengthBytes} bytes) in step ${step} of seed ${seed}`
    expectBytes(await open.read(piece, begin, lengthBytes), expected, what)
  }
  for (let step = 1; step <= 25; step++) {
    const kind = oneOf(random, ['write', 'write', 'write', 'write', 'read', 'read', 'read', 'want', 'sync'])
    const at = random.below(layout.lengthBytes)
    const piece = Math.floor(at / layout.pieceLengthBytes)
    const begin = at - piece * layout.pieceLengthBytes
    const lengthBytes = Math.min(between(random, 1, 64), layout.pieceLength(piece) - begin)
    if (kind === 'sync') await handle.sync()
    else if (kind === 'want') handle.want?.(wantedFiles(content, () => random.below(2) === 0))
    else if (kind === 'read') await compare(piece, begin, lengthBytes, step)
    else {
      model.fill(step, at, at + lengthBytes)
      await open.write(piece, begin, model.slice(at, at + lengthBytes))
      clearPadding()
    }
  }
  for (const piece of open.pieces) await compare(piece, 0, layout.pieceLength(piece), 26)
}

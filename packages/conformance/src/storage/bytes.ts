import type { Content } from '@bitloom/core'
import { expectBytes, expectThat } from '../kit/expect.js'
import { seededRandom } from '../kit/random.js'
import { within } from '../kit/settle.js'
import type { StorageBench } from './bench.js'
import { largePieces, manyFiles, oneByte, oneFile, paddedFiles } from './content.js'
import type { StorageGuarantee } from './guarantee.js'
import { randomContent, runSteps } from './steps.js'

const contents: readonly Content[] = [oneFile, manyFiles, oneByte]

/** What is written is read. */
export const bytesGuarantees: readonly StorageGuarantee[] = [
  {
    name: 'a settled write is readable, whatever the order',
    async run(bench) {
      for (const content of contents) {
        const open = await bench.open(content)
        for (const piece of open.pieces.reverse()) {
          await open.write(piece)
          await open.expectPiece(piece, open.expected(piece), ' right after its write')
        }
        await open.expectAll(' after all writes')
      }
    },
  },
  {
    name: 'a part of a piece lands at its offset and nowhere else',
    async run(bench) {
      const open = await bench.open(manyFiles)
      await open.write(0, 10, Uint8Array.of(1, 2, 3))
      const expected = new Uint8Array(100)
      expected.set([1, 2, 3], 10)
      await open.expectPiece(0, expected)
    },
  },
  {
    name: 'large pieces come together from extents in any order',
    run: writeExtents,
  },
  {
    name: 'the newest of two writes counts',
    async run(bench) {
      const open = await bench.open(oneFile)
      await open.write(0, 0, new Uint8Array(256).fill(1))
      await open.write(0, 100, new Uint8Array(10).fill(2))
      const expected = new Uint8Array(256).fill(1).fill(2, 100, 110)
      await open.expectPiece(0, expected)
    },
  },
  {
    name: 'calls that overlap in time all settle, and none is lost',
    run: overlap,
  },
  {
    name: 'a read fills every buffer in order, from any offset, for any purpose',
    run: readParts,
  },
  {
    name: 'holes read as zeros',
    async run(bench) {
      for (const content of [oneFile, manyFiles]) {
        const open = await bench.open(content)
        await open.expectPiece(1, new Uint8Array(content.layout.pieceLength(1)), ' before anything was written')
        await open.write(2)
        await open.expectPiece(1, new Uint8Array(content.layout.pieceLength(1)), ' beside a written one')
        await open.expectPiece(3, new Uint8Array(content.layout.pieceLength(3)), ' beside a written one')
      }
    },
  },
  {
    name: 'padding reads as zeros, whatever was written there',
    async run(bench) {
      const open = await bench.open(paddedFiles)
      await open.write(1, 0, new Uint8Array(100).fill(9))
      await open.write(2, 0, new Uint8Array(100).fill(9))
      await open.expectPiece(1, new Uint8Array(100).fill(9, 0, 50))
      await open.expectPiece(2, new Uint8Array(100).fill(9))
      expectBytes(await open.read(1, 60, 40, 'serve'), new Uint8Array(40), 'a read of nothing but padding')
    },
  },
  {
    name: 'a lent buffer is not changed, and not kept once the write has settled',
    async run(bench) {
      const open = await bench.open(oneFile)
      const slab = new Uint8Array(400).fill(4)
      const lent = slab.subarray(100, 356).fill(5)
      await open.write(0, 0, lent)
      expectThat(lent.length === 256, 'the lent buffer was transferred away')
      expectBytes(slab, new Uint8Array(400).fill(4).fill(5, 100, 356), 'the lent buffer and what is around it')
      slab.fill(6)
      await open.expectPiece(0, new Uint8Array(256).fill(5), ' after its buffer was used for something else')
    },
  },
  {
    name: 'what was read is the reader’s own',
    async run(bench) {
      const open = await bench.open(oneFile)
      await open.write(1)
      const bytes = await open.read(1)
      bytes.fill(0)
      await open.expectPiece(1, open.expected(1), ' after an earlier reader changed its buffer')
    },
  },
  {
    name: 'is a byte stream, whatever the files, the selection and the order of calls',
    async run(bench) {
      for (let seed = 0; seed < 25; seed++) {
        const random = seededRandom(`stream ${seed}`)
        await runSteps(await bench.open(randomContent(random, `${seed}`)), random, `${seed}`)
      }
    },
  },
]

async function writeExtents(bench: StorageBench): Promise<void> {
  const open = await bench.open(largePieces)
  const random = seededRandom('extents')
  for (const piece of open.pieces) {
    const extents: { begin: number; length: number }[] = []
    const length = largePieces.layout.pieceLength(piece)
    for (let begin = 0; begin < length; begin += 131_072)
      extents.push({ begin, length: Math.min(131_072, length - begin) })
    while (extents.length > 0) {
      const [extent] = extents.splice(random.below(extents.length), 1)
      if (extent !== undefined) await open.write(piece, extent.begin, open.expected(piece, extent.begin, extent.length))
    }
  }
  await open.expectAll('')
  const blocks = [new Uint8Array(16_384), new Uint8Array(16_384)]
  await open.handle.read(1, 409_600, blocks, 'serve')
  for (const [index, block] of blocks.entries()) {
    expectBytes(block, open.expected(1, 409_600 + index * 16_384, 16_384), `block ${index} of a read of two`)
  }
}

async function overlap(bench: StorageBench): Promise<void> {
  for (const content of [manyFiles, largePieces]) {
    const open = await bench.open(content)
    const halves = open.pieces.flatMap((piece) => {
      const length = content.layout.pieceLength(piece)
      const half = length >> 1
      return [
        { piece, begin: 0, length: half },
        { piece, begin: half, length: length - half },
      ]
    })
    await Promise.all(
      halves.map(({ piece, begin, length }) => open.write(piece, begin, open.expected(piece, begin, length))),
    )
    await Promise.all([
      ...open.pieces.map((piece) => open.expectPiece(piece, open.expected(piece), ', read beside others')),
      open.handle.sync(),
    ])
  }
  const open = await bench.open(oneFile)
  for (let round = 1; round < 20; round++) {
    const writes = open.pieces.map((piece) =>
      open.write(piece, 0, new Uint8Array(oneFile.layout.pieceLength(piece)).fill(round)),
    )
    await Promise.all(writes)
    await open.expectPiece(
      round % 4,
      new Uint8Array(oneFile.layout.pieceLength(round % 4)).fill(round),
      ` in round ${round}`,
    )
  }
}

async function readParts(bench: StorageBench): Promise<void> {
  const open = await bench.open(manyFiles)
  await open.writeAll()
  for (const purpose of ['verify', 'serve', 'stream'] as const) {
    const slab = new Uint8Array(300).fill(0xee)
    const into = [slab.subarray(10, 13), slab.subarray(20, 20), slab.subarray(100, 140), slab.subarray(200, 227)]
    await within(open.handle.read(1, 17, into, purpose), `read for ${purpose}`)
    const expected = new Uint8Array(300).fill(0xee)
    expected.set(open.expected(1, 17, 3), 10)
    expected.set(open.expected(1, 20, 40), 100)
    expected.set(open.expected(1, 60, 27), 200)
    expectBytes(slab, expected, `buffers of a read for ${purpose} and what is around them`)
  }
  for (let begin = 0; begin < 100; begin += 7) {
    expectBytes(await open.read(4, begin, 1), open.expected(4, begin, 1), `a byte at ${begin} of piece 4`)
  }
}

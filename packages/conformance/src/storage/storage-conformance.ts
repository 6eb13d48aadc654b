import type { Content, Storage } from '@bitloom/core'
import { expectBytes, expectSame, expectThat, show } from '../kit/expect.js'
import { seededRandom } from '../kit/random.js'
import { defineSuite, type Guarantee, type TestRunner, unless } from '../kit/runner.js'
import { within } from '../kit/settle.js'
import { expectStorageError, type OpenContent, StorageBench, type StorageBenchOptions } from './bench.js'
import { contentOf, largePieces, manyFiles, oneByte, oneFile, paddedFiles, wantedFiles } from './content.js'
import { randomContent, runSteps } from './steps.js'

/** What not every storage can: the optional methods of a handle, and `reopen`: data outlives `close`. */
export type StorageOffer = 'want' | 'move' | 'remove' | 'freeBytes' | 'reopen'

export interface StorageConformanceOptions extends StorageBenchOptions {
  /** The storage under test; a function makes a new one for each test. */
  readonly storage: Storage | (() => Storage)
  /** An existing folder that no test has used yet, asked for each torrent. Default: names of folders that do not exist. */
  directory?(): string | Promise<string>
  /** What it can besides what it must. Default none. */
  readonly offers?: readonly StorageOffer[]
  /** The title of the suite. Default: the storage's name. */
  readonly title?: string
}

const methods = ['want', 'move', 'remove', 'freeBytes'] as const

/** Defines the tests of a `Storage`. */
export function storageConformance(runner: TestRunner, options: StorageConformanceOptions): void {
  const { storage } = options
  const title = options.title ?? `Storage ${(typeof storage === 'function' ? storage() : storage).name}`
  const guarantees = [...required, ...offered(options.offers ?? [])]
  defineSuite(
    runner,
    title,
    guarantees.map(({ run, ...guarantee }) => ({
      ...guarantee,
      run: async () => {
        const bench = new StorageBench(options)
        try {
          await run(bench)
        } finally {
          await bench.close()
        }
      },
    })),
  )
}

interface StorageGuarantee extends Omit<Guarantee, 'run'> {
  run(bench: StorageBench): Promise<void>
}

const contents: readonly Content[] = [oneFile, manyFiles, oneByte]

const required: readonly StorageGuarantee[] = [
  {
    name: 'has a name, and wants extents of whole blocks',
    async run(bench) {
      expectThat(bench.storage.name !== '', 'its name is empty')
      const { extentBytes } = (await bench.open(oneFile)).handle
      const isWhole = extentBytes === Infinity || (extentBytes > 0 && extentBytes % 16_384 === 0)
      expectThat(isWhole, `extentBytes: expected a multiple of 16384 or Infinity, came ${extentBytes}`)
    },
  },
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
    name: 'present() names every piece that may hold data, and none of a fresh place',
    async run(bench) {
      for (const content of [oneFile, manyFiles]) {
        const open = await bench.open(content)
        const before = await open.present()
        expectSame(before?.count ?? 0, 0, 'pieces present before anything was written')
        for (const piece of [0, 2]) await open.write(piece)
        await open.expectPresent([0, 2], 'after it was written')
      }
    },
  },
  {
    name: 'bytes of unwanted files in wanted pieces are kept',
    async run(bench) {
      const open = await bench.open(manyFiles, { wanted: wantedFiles(manyFiles, (file) => file === 4) })
      const pieces = [2, 3, 4]
      for (const piece of pieces) await open.write(piece)
      for (const piece of pieces) await open.expectPiece(piece)
      await open.expectPresent(pieces, 'of a wanted file')
    },
  },
  {
    name: 'sync settles and loses nothing',
    async run(bench) {
      const open = await bench.open(manyFiles)
      await within(open.handle.sync(), 'sync before anything was written')
      await open.writeAll()
      await within(Promise.all([open.handle.sync(), open.handle.sync()]), 'two syncs at once')
      await open.expectAll(' after sync')
    },
  },
  {
    name: 'torrents are kept apart, also in one folder',
    run: keepApart,
  },
  {
    name: 'close is idempotent, and later calls reject with StorageError',
    async run(bench) {
      const { handle } = await bench.open(oneFile)
      await handle.write(0, 0, new Uint8Array(16))
      await within(handle.close(), 'close')
      await within(handle.close(), 'a second close')
      await expectStorageError(() => handle.write(0, 0, new Uint8Array(1)), 'write after close')
      await expectStorageError(() => handle.read(0, 0, [new Uint8Array(1)], 'verify'), 'read after close')
    },
  },
  {
    name: 'an open that is aborted settles, and the next one works',
    async run(bench) {
      const directory = await bench.directory()
      const options = { directory, wantedFiles: wantedFiles(oneFile) }
      const signal = AbortSignal.abort(new Error('not wanted any longer'))
      const closed = bench.storage.open(oneFile, options, signal).then((handle) => handle.close())
      await within(
        closed.catch(() => {}),
        'an aborted open',
      )
      const open = await bench.open(oneFile, { directory })
      await open.writeAll()
      await open.expectAll(' after an open that was aborted')
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

function offered(offers: readonly StorageOffer[]): readonly StorageGuarantee[] {
  const gate = (offer: StorageOffer): string | undefined => unless(offers.includes(offer), `does not offer ${offer}`)
  return [
    {
      name: 'offers what it says, and says what it offers',
      async run(bench) {
        const { handle } = await bench.open(oneFile)
        const has = methods.filter((method) => typeof handle[method] === 'function')
        expectSame(
          has,
          methods.filter((method) => offers.includes(method)),
          'optional methods of the handle',
        )
      },
    },
    {
      name: 'want: bytes stay when files become wanted, and unwanted again',
      skip: gate('want'),
      async run(bench) {
        const few = wantedFiles(manyFiles, (file) => file === 4)
        const open = await bench.open(manyFiles, { wanted: few })
        for (const piece of [2, 3, 4]) await open.write(piece)
        for (const wanted of [wantedFiles(manyFiles), few, wantedFiles(manyFiles, () => false)]) {
          open.handle.want?.(wanted)
          for (const piece of [2, 3, 4])
            await open.expectPiece(piece, open.expected(piece), ` with ${wanted.count} files wanted`)
          await open.handle.sync()
        }
      },
    },
    {
      name: 'reopen: synced data is there when the torrent is opened again',
      skip: gate('reopen'),
      async run(bench) {
        const directory = await bench.directory()
        const first = await bench.open(manyFiles, { directory })
        await first.writeAll()
        await first.handle.sync()
        await first.handle.close()
        const second = await bench.open(manyFiles, { directory })
        await second.expectPresent(second.pieces, 'after it was opened again')
        await second.expectAll(' after it was opened again')
      },
    },
    {
      name: 'move: the data is there afterwards, and goes on',
      skip: gate('move'),
      run: (bench) => move(bench, offers),
    },
    {
      name: 'remove: deletes the data of this torrent, and no other',
      skip: gate('remove'),
      async run(bench) {
        const directory = await bench.directory()
        const [gone, kept] = [await bench.open(manyFiles, { directory }), await bench.open(oneFile, { directory })]
        for (const open of [gone, kept]) await open.writeAll()
        await gone.handle.sync()
        await within(gone.handle.remove?.() ?? Promise.resolve(), 'remove')
        expectSame((await gone.present())?.count ?? 0, 0, 'pieces present after remove')
        await kept.expectAll(' after another torrent was removed')
      },
    },
    {
      name: 'freeBytes: a number of bytes, or unknown',
      skip: gate('freeBytes'),
      async run(bench) {
        const free = await within(
          (await bench.open(oneFile)).handle.freeBytes?.() ?? Promise.resolve(undefined),
          'freeBytes',
        )
        const isNumber = free === undefined || (typeof free === 'number' && free >= 0)
        expectThat(isNumber, () => `freeBytes: expected a number of bytes or undefined, came ${show(free)}`)
      },
    },
  ]
}

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

async function keepApart(bench: StorageBench): Promise<void> {
  const directory = await bench.directory()
  const other = contentOf([{ path: 'alone', lengthBytes: 1_000 }], 256, 'another')
  const [left, right] = [await bench.open(oneFile, { directory }), await bench.open(other, { directory })]
  await left.writeAll()
  expectSame((await right.present())?.count ?? 0, 0, 'pieces present after another torrent was written')
  const zeros = (piece: number): Uint8Array => new Uint8Array(other.layout.pieceLength(piece))
  for (const piece of right.pieces) await right.expectPiece(piece, zeros(piece), ' after another torrent was written')
  for (const piece of right.pieces) await right.write(piece, 0, zeros(piece).fill(3))
  await left.expectAll(' after another torrent was written')
  await right.handle.close()
  await left.expectAll(' after another torrent was closed')
}

async function move(bench: StorageBench, offers: readonly StorageOffer[]): Promise<void> {
  const open: OpenContent = await bench.open(manyFiles)
  for (const piece of [0, 1, 2]) await open.write(piece)
  const directory = await bench.directory()
  await within(open.handle.move?.(directory) ?? Promise.resolve(), 'move')
  for (const piece of [0, 1, 2]) await open.expectPiece(piece, open.expected(piece), ' after a move')
  await open.writeAll()
  await open.expectAll(' written after a move')
  if (!offers.includes('reopen')) return
  await open.handle.sync()
  await open.handle.close()
  await (await bench.open(manyFiles, { directory })).expectAll(' opened where it was moved to')
}

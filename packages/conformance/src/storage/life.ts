import { expectSame, expectThat } from '../kit/expect.js'
import { within } from '../kit/settle.js'
import { expectStorageError, type StorageBench } from './bench.js'
import { contentOf, manyFiles, oneFile, wantedFiles } from './content.js'
import type { StorageGuarantee } from './guarantee.js'

/** The life of a torrent's data, from `open` to `close`, beside that of others. */
export const lifeGuarantees: readonly StorageGuarantee[] = [
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
]

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

import { expectSame, expectThat, show } from '../kit/expect.js'
import { unless } from '../kit/runner.js'
import { within } from '../kit/settle.js'
import type { OpenContent, StorageBench } from './bench.js'
import { manyFiles, oneFile, wantedFiles } from './content.js'
import type { StorageGuarantee } from './guarantee.js'

const methods = ['want', 'move', 'rename', 'complete', 'remove', 'freeBytes', 'stamps'] as const

/** What not every storage can: the optional methods of a handle, and `reopen`: data outlives `close`. */
export type StorageOffer = (typeof methods)[number] | 'reopen'

/** What only some storages can: each is asked for what it says it offers. */
export function offeredGuarantees(offers: readonly StorageOffer[]): readonly StorageGuarantee[] {
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
      name: 'rename: the data is there afterwards, and goes on; a torrent whose files are called so finds it',
      skip: gate('rename'),
      run: (bench) => rename(bench, offers),
    },
    {
      name: 'complete: whole files keep their data, with and without a suffix, and are found either way',
      skip: gate('complete'),
      run: (bench) => complete(bench, offers),
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
      name: 'stamps: one for each file that is there, the same until somebody writes',
      skip: gate('stamps'),
      run: (bench) => stamps(bench, offers),
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

async function move(bench: StorageBench, offers: readonly StorageOffer[]): Promise<void> {
  const open = await bench.open(manyFiles)
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

async function rename(bench: StorageBench, offers: readonly StorageOffer[]): Promise<void> {
  const directory = await bench.directory()
  const open = await bench.open(manyFiles, { directory })
  for (const piece of [0, 1, 2]) await open.write(piece)
  const files = manyFiles.files.map((file, index) => ({ ...file, path: `other/${index % 2}/name ${index}` }))
  await within(open.handle.rename?.(files.map(({ path }) => path)) ?? Promise.resolve(), 'rename')
  for (const piece of [0, 1, 2]) await open.expectPiece(piece, open.expected(piece), ' after a renaming')
  await open.writeAll()
  await open.expectAll(' written after a renaming')
  if (!offers.includes('reopen')) return
  await open.handle.sync()
  await open.handle.close()
  await (await bench.open({ ...manyFiles, files }, { directory })).expectAll(' opened by its new names')
}

async function complete(bench: StorageBench, offers: readonly StorageOffer[]): Promise<void> {
  const directory = await bench.directory()
  const place = { directory, incompleteSuffix: '.part' }
  const open = await bench.open(manyFiles, place)
  for (const piece of [0, 1, 2]) await open.write(piece)
  await open.handle.sync()
  const whole = wantedFiles(manyFiles, (file) => file < 4)
  await within(open.handle.complete?.(whole) ?? Promise.resolve(), 'complete')
  for (const piece of [0, 1, 2]) await open.expectPiece(piece, open.expected(piece), ' after some files were whole')
  await open.writeAll()
  if (!offers.includes('reopen')) return
  await open.handle.sync()
  await open.handle.close()
  const again = await bench.open(manyFiles, place)
  await again.expectPresent(again.pieces, 'after it was opened with the suffix')
  await again.expectAll(' opened with the suffix')
  await within(again.handle.complete?.(wantedFiles(manyFiles)) ?? Promise.resolve(), 'complete')
  await again.handle.close()
  await (await bench.open(manyFiles, { directory })).expectAll(' opened without the suffix when all was whole')
}

async function stamps(bench: StorageBench, offers: readonly StorageOffer[]): Promise<void> {
  const directory = await bench.directory()
  const open = await bench.open(manyFiles, { directory })
  for (const [file, stamp] of (await stampsOf(open)).entries()) {
    expectThat(!isStored(file) || stamp === undefined, `stamps() of a fresh place: expected none of file ${file}`)
  }
  await open.writeAll()
  await open.handle.sync()
  const written = await stampsOf(open)
  for (const [file, stamp] of written.entries()) {
    if (isStored(file)) expectThat(isStamp(stamp), () => `stamps()[${file}]: expected a FileStamp, came ${show(stamp)}`)
  }
  expectSame(await stampsOf(open), written, 'stamps() while nobody writes')
  if (!offers.includes('reopen')) return
  await open.handle.close()
  const again = await bench.open(manyFiles, { directory })
  expectSame(await stampsOf(again), written, 'stamps() of what was opened again')
}

async function stampsOf({ handle, content }: OpenContent): Promise<readonly unknown[]> {
  const stamps = await within(handle.stamps?.() ?? Promise.resolve([]), 'stamps')
  expectSame(stamps.length, content.files.length, 'number of stamps, one for each file')
  return stamps
}

const isStored = (file: number): boolean =>
  manyFiles.files[file]?.padding === false && manyFiles.files[file].lengthBytes > 0

function isStamp(value: unknown): boolean {
  const { lengthBytes, modifiedUs } = (value ?? {}) as Partial<Record<'lengthBytes' | 'modifiedUs', unknown>>
  return [lengthBytes, modifiedUs].every((part) => Number.isSafeInteger(part) && Number(part) >= 0)
}

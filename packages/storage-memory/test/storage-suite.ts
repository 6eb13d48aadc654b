/** What every storage promises, as tests: called by the tests of each storage package with a way to open it. */
import { Bits, type Content, createLayout, type FileEntry, type StorageHandle } from '@bitloom/core'
import * as fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'

export interface FileShape {
  readonly path: string
  readonly lengthBytes: number
  readonly padding?: boolean
  readonly executable?: boolean
}

/** A torrent of these files below the folder "torrent", with an info-hash that is made up. */
export function contentOf(shapes: readonly FileShape[], pieceLengthBytes: number): Content {
  let offsetBytes = 0
  const files = shapes.map(({ path, lengthBytes, padding = false, executable = false }): FileEntry => {
    const file = { path: `torrent/${path}`, lengthBytes, offsetBytes, padding, executable, hidden: false }
    offsetBytes += lengthBytes
    return file
  })
  const v1 = Uint8Array.from({ length: 20 }, (_, index) => index * 11 + shapes.length)
  return { name: 'torrent', infoHashes: { v1 }, files, layout: createLayout(files, pieceLengthBytes) }
}

export function wantedOf(content: Content, isWanted: (file: number) => boolean = () => true): Bits {
  const wanted = new Bits(content.files.length)
  for (const index of content.files.keys()) if (isWanted(index)) wanted.add(index)
  return wanted
}

/** Bytes that tell where they belong: those of the torrent's stream from `at` on. */
export function streamBytes(at: number, lengthBytes: number): Uint8Array {
  return Uint8Array.from({ length: lengthBytes }, (_, index) => ((at + index) * 7 + ((at + index) >> 8) + 1) & 0xff)
}

export async function readPiece(handle: StorageHandle, content: Content, piece: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(content.layout.pieceLength(piece)).fill(0xee)
  await handle.read(piece, 0, [bytes], 'verify')
  return bytes
}

export async function writePiece(handle: StorageHandle, content: Content, piece: number): Promise<Uint8Array> {
  const { layout } = content
  const bytes = streamBytes(piece * layout.pieceLengthBytes, layout.pieceLength(piece))
  await handle.write(piece, 0, bytes)
  return bytes
}

/** Opens the storage under test at a place that the suite has not used before. */
export type OpenStorage = (content: Content, wanted: Bits) => Promise<StorageHandle>

/** Many small files around the bounds of pieces of 100 bytes, an empty one among them. */
export const manyFiles = contentOf(
  [130, 5, 0, 65, 300, 1, 99, 250].map((lengthBytes, index) => ({
    path: `folder ${index % 3}/file ${index}`,
    lengthBytes,
  })),
  100,
)

const oneFile = contentOf([{ path: 'alone', lengthBytes: 1_000 }], 256)
const padded = contentOf(
  [
    { path: 'a', lengthBytes: 150 },
    { path: '.pad/50', lengthBytes: 50, padding: true },
    { path: 'b', lengthBytes: 120 },
  ],
  100,
)

export function storageSuite(name: string, openStorage: OpenStorage): void {
  const opened: StorageHandle[] = []
  const open = async (content: Content, wanted = wantedOf(content)): Promise<StorageHandle> => {
    const handle = await openStorage(content, wanted)
    opened.push(handle)
    return handle
  }
  afterEach(async () => {
    for (const handle of opened.splice(0)) await handle.close()
  })

  describe(`${name}: what every storage promises`, () => {
    describe.each([
      ['one file', oneFile],
      ['many files', manyFiles],
    ])('%s', (_case, content) => {
      const pieces = Array.from({ length: content.layout.pieceCount }, (_, piece) => piece)

      it('reads back what was written, whatever the order', async () => {
        const handle = await open(content)
        const written = new Map<number, Uint8Array>()
        for (const piece of pieces.toReversed()) written.set(piece, await writePiece(handle, content, piece))
        for (const piece of pieces) expect(await readPiece(handle, content, piece)).toEqual(written.get(piece))
      })

      it('takes calls that overlap in time', async () => {
        const handle = await open(content)
        await Promise.all(pieces.map((piece) => writePiece(handle, content, piece)))
        const all = await Promise.all(pieces.map((piece) => readPiece(handle, content, piece)))
        expect(Buffer.concat(all)).toEqual(Buffer.from(streamBytes(0, content.layout.lengthBytes)))
      })

      it('reads what is missing as zeros', async () => {
        const handle = await open(content)
        await writePiece(handle, content, 2)
        expect(await readPiece(handle, content, 1)).toEqual(new Uint8Array(content.layout.pieceLength(1)))
        await handle.write(0, 10, Uint8Array.of(1, 2, 3))
        const bytes = await readPiece(handle, content, 0)
        expect([...bytes.subarray(8, 15)]).toEqual([0, 0, 1, 2, 3, 0, 0])
      })

      it('tells which pieces may hold data', async () => {
        const handle = await open(content)
        const before = await handle.present()
        expect(before === undefined ? 0 : before.count).toBe(0)
        for (const piece of [0, 2]) await writePiece(handle, content, piece)
        const present = (await handle.present()) ?? Bits.full(content.layout.pieceCount)
        expect([0, 2].every((piece) => present.has(piece))).toBe(true)
      })

      it('forgets everything on remove', async () => {
        const handle = await open(content)
        for (const piece of pieces) await writePiece(handle, content, piece)
        await handle.sync()
        await handle.remove?.()
        expect((await handle.present())?.count).toBe(0)
      })
    })

    it('fills several buffers in order, from any offset', async () => {
      const handle = await open(manyFiles)
      await writePiece(handle, manyFiles, 1)
      const into = [3, 0, 40, 1, 26].map((length) => new Uint8Array(length).fill(0xee))
      await handle.read(1, 17, into, 'serve')
      expect(Buffer.concat(into)).toEqual(Buffer.from(streamBytes(117, 70)))
    })

    it('reads padding as zeros and does not keep what is written there', async () => {
      const handle = await open(padded)
      await handle.write(1, 0, new Uint8Array(100).fill(9))
      await handle.write(2, 0, new Uint8Array(100).fill(9))
      expect(await readPiece(handle, padded, 1)).toEqual(
        Uint8Array.from({ length: 100 }, (_, index) => (index < 50 ? 9 : 0)),
      )
      const bytes = new Uint8Array(40).fill(1)
      await handle.read(1, 60, [bytes], 'serve')
      expect(bytes).toEqual(new Uint8Array(40))
    })

    it('has the newest of two writes', async () => {
      const handle = await open(oneFile)
      await handle.write(0, 0, new Uint8Array(256).fill(1))
      await handle.write(0, 100, new Uint8Array(10).fill(2))
      const bytes = await readPiece(handle, oneFile, 0)
      expect([bytes[99], bytes[100], bytes[109], bytes[110]]).toEqual([1, 2, 2, 1])
    })

    it('keeps nothing of the buffer that it was lent', async () => {
      const handle = await open(oneFile)
      const bytes = new Uint8Array(256).fill(5)
      await handle.write(0, 0, bytes)
      bytes.fill(6)
      expect(await readPiece(handle, oneFile, 0)).toEqual(new Uint8Array(256).fill(5))
    })

    it('reads the bytes of unwanted files in wanted pieces, before and after they become wanted', async () => {
      const wanted = wantedOf(manyFiles, (file) => file === 4)
      const handle = await open(manyFiles, wanted)
      const pieces = [2, 3, 4]
      for (const piece of pieces) await writePiece(handle, manyFiles, piece)
      const expectAll = async (): Promise<void> => {
        for (const piece of pieces)
          expect(await readPiece(handle, manyFiles, piece)).toEqual(streamBytes(piece * 100, 100))
        const present = await handle.present()
        for (const piece of pieces) expect(present?.has(piece) ?? true).toBe(true)
      }
      await expectAll()
      handle.want?.(wantedOf(manyFiles))
      await expectAll()
      await handle.sync()
      await expectAll()
      handle.want?.(wanted)
      await expectAll()
    })

    it('closes twice, and then refuses', async () => {
      const handle = await open(oneFile)
      await handle.close()
      await handle.close()
      const gone = { code: 'GONE' }
      await expect(handle.write(0, 0, new Uint8Array(1))).rejects.toMatchObject(gone)
      await expect(handle.read(0, 0, [new Uint8Array(1)], 'verify')).rejects.toMatchObject(gone)
    })

    it('is a byte stream whatever the files, the selection and the order of calls', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(fileShape, { minLength: 1, maxLength: 9 }), calls, async (shapes, steps) => {
          const content = contentOf(
            [{ path: 'first', lengthBytes: 1 }, ...shapes.map((shape, index) => ({ ...shape, path: `${index}` }))],
            64,
          )
          expect(await runSteps(await open(content), content, steps)).toEqual([])
        }),
        { numRuns: 60 },
      )
    })
  })
}

const fileShape = fc.record({ lengthBytes: fc.nat(150), padding: fc.boolean() })

type Step =
  | { readonly kind: 'write' | 'read'; readonly at: number; readonly length: number }
  | { readonly kind: 'want'; readonly mask: number }
  | { readonly kind: 'sync' }

const place = {
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  length: fc.integer({ min: 1, max: 64 }),
}
const calls: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('write' as const), ...place }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('read' as const), ...place }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('want' as const), mask: fc.nat(1_023) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('sync' as const) }) },
  ),
  { maxLength: 25 },
)

/** Runs steps against a storage and a plain array of the whole stream; gives the reads, and the end, that differ. */
async function runSteps(handle: StorageHandle, content: Content, steps: readonly Step[]): Promise<string[]> {
  const { layout, files } = content
  const model = new Uint8Array(layout.lengthBytes)
  const wrong: string[] = []
  const compare = async (piece: number, begin: number, lengthBytes: number): Promise<void> => {
    const bytes = new Uint8Array(lengthBytes).fill(0xee)
    await handle.read(piece, begin, [bytes], 'verify')
    const at = piece * layout.pieceLengthBytes + begin
    const expected = model.subarray(at, at + lengthBytes)
    if (!Buffer.from(bytes).equals(expected)) wrong.push(`${piece}+${begin}: ${bytes.join()} for ${expected.join()}`)
  }
  for (const [round, step] of steps.entries()) {
    if (step.kind === 'sync') await handle.sync()
    else if (step.kind === 'want') handle.want?.(wantedOf(content, (file) => ((step.mask >> file) & 1) === 1))
    else {
      const at = Math.floor(step.at * layout.lengthBytes)
      const piece = Math.floor(at / layout.pieceLengthBytes)
      const begin = at - piece * layout.pieceLengthBytes
      const lengthBytes = Math.min(step.length, layout.pieceLength(piece) - begin)
      if (step.kind === 'read') await compare(piece, begin, lengthBytes)
      else {
        model.fill(round + 1, at, at + lengthBytes)
        await handle.write(piece, begin, model.slice(at, at + lengthBytes))
        for (const file of files) if (file.padding) model.fill(0, file.offsetBytes, file.offsetBytes + file.lengthBytes)
      }
    }
  }
  for (let piece = 0; piece < layout.pieceCount; piece++) await compare(piece, 0, layout.pieceLength(piece))
  return wrong
}

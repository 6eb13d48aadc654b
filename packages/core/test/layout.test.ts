import { describe, expect, it } from 'vitest'
import { fileAt, filePieces, fileSpans } from '../src/metainfo/file-spans.js'
import { createLayout } from '../src/metainfo/layout.js'
import { blockBytes, type FileEntry } from '../src/metainfo/metainfo.js'
import { timed } from './torrent-fixture.js'

/** Files from "length" or "length p" (padding), in order. */
function filesOf(picture: string): FileEntry[] {
  let offsetBytes = 0
  return picture.split(/\s*,\s*/).map((word, index) => {
    const lengthBytes = Number.parseInt(word, 10)
    const file = { path: `f/${index}`, lengthBytes, offsetBytes, executable: false, hidden: false }
    offsetBytes += lengthBytes
    return { ...file, padding: word.endsWith('p') }
  })
}

const kib = 1024

describe('createLayout', () => {
  it('cuts the last piece and the last block', () => {
    const layout = createLayout(filesOf('100000'), 32 * kib)
    expect(layout.pieceCount).toBe(4)
    expect([0, 3].map((piece) => layout.pieceLength(piece))).toEqual([32_768, 1_696])
    expect([0, 3].map((piece) => layout.blockCount(piece))).toEqual([2, 1])
    expect([layout.blockLength(0, 1), layout.blockLength(3, 0)]).toEqual([blockBytes, 1_696])
    expect(layout.zeroTailBytes(3)).toBe(0)
  })

  it('has blocks shorter than 16 KiB when pieces are', () => {
    const layout = createLayout(filesOf('2500'), 1000)
    expect([0, 1, 2].map((piece) => [layout.blockCount(piece), layout.blockLength(piece, 0)])).toEqual([
      [1, 1000],
      [1, 1000],
      [1, 500],
    ])
  })

  it('knows the zeros at the end of a piece and cuts the blocks at them', () => {
    const layout = createLayout(filesOf('20000, 45536p, 65536, 1000, 15384p, 49152p, 70000, 300p'), 64 * kib)
    const rows = [0, 1, 2, 3, 4].map((piece) => [
      layout.pieceLength(piece),
      layout.zeroTailBytes(piece),
      layout.blockCount(piece),
    ])
    expect(rows).toEqual([
      [65_536, 45_536, 2],
      [65_536, 0, 4],
      [65_536, 64_536, 1],
      [65_536, 0, 4],
      [4_764, 300, 1],
    ])
    expect([layout.blockLength(0, 0), layout.blockLength(0, 1)]).toEqual([16_384, 3_616])
    expect([layout.blockLength(2, 0), layout.blockLength(4, 0)]).toEqual([1_000, 4_464])
  })

  it('adds up padding of several files, empty ones between them', () => {
    const layout = createLayout(filesOf('20000, 5000p, 0, 40536p, 10'), 64 * kib)
    expect(layout.zeroTailBytes(0)).toBe(45_536)
  })

  it('leaves padding in the middle of a piece to be asked for', () => {
    const layout = createLayout(filesOf('1000, 5000p, 30000'), 64 * kib)
    expect(layout.zeroTailBytes(0)).toBe(0)
    expect(layout.blockCount(0)).toBe(3)
  })

  it('keeps one block of a piece that is nothing but padding', () => {
    const layout = createLayout(filesOf('10, 200000p, 10'), 64 * kib)
    expect([layout.zeroTailBytes(0), layout.blockCount(0), layout.blockLength(0, 0)]).toEqual([65_526, 1, 10])
    expect([layout.zeroTailBytes(1), layout.blockCount(1)]).toEqual([65_536 - blockBytes, 1])
    expect(layout.zeroTailBytes(3)).toBe(0)
  })

  it('ends a piece where the file ends when padding is not hashed', () => {
    const layout = createLayout(filesOf('20000, 45536p, 70000'), 64 * kib, 'merkle')
    expect([0, 1, 2].map((piece) => layout.pieceLength(piece))).toEqual([20_000, 65_536, 4_464])
    expect([0, 1, 2].map((piece) => layout.zeroTailBytes(piece))).toEqual([0, 0, 0])
    expect([layout.blockCount(0), layout.blockLength(0, 1)]).toEqual([2, 3_616])
  })
})

describe('fileSpans', () => {
  const files = filesOf('10, 0, 5, 0, 0, 17p, 100, 0')
  const content = { files, layout: createLayout(files, 32) }

  it.each<[string, [piece: number, begin: number, length: number], [file: number, offset: number, length: number][]]>([
    ['one file', [0, 2, 3], [[0, 2, 3]]],
    [
      'over empty files and padding',
      [0, 0, 32],
      [
        [0, 0, 10],
        [2, 0, 5],
        [5, 0, 17],
      ],
    ],
    [
      'from a border on',
      [0, 10, 6],
      [
        [2, 0, 5],
        [5, 0, 1],
      ],
    ],
    ['inside a later piece', [2, 8, 16], [[6, 40, 16]]],
    ['cut at the end of the stream', [4, 0, 32], [[6, 96, 4]]],
    ['nothing', [1, 0, 0], []],
    ['past the end', [9, 0, 5], []],
  ])('%s', (_, [piece, begin, length], expected) => {
    const spans = fileSpans(content, piece, begin, length)
    expect(spans.map((span) => [span.file, span.offsetBytes, span.lengthBytes])).toEqual(expected)
  })

  it('gives the pieces of a file, none for an empty one', () => {
    expect([0, 1, 2, 6, 7, 8].map((file) => filePieces(content, file))).toEqual([
      { first: 0, last: 0 },
      undefined,
      { first: 0, last: 0 },
      { first: 1, last: 4 },
      undefined,
      undefined,
    ])
  })

  it('covers every byte once, whatever the files', () => {
    const many = filesOf('3, 0, 1, 64, 5p, 2, 0, 31, 33, 0')
    const stream = { files: many, layout: createLayout(many, 32) }
    const covered: string[] = []
    for (let piece = 0; piece < stream.layout.pieceCount; piece++) {
      for (const span of fileSpans(stream, piece, 0, stream.layout.pieceLength(piece))) {
        for (let byte = 0; byte < span.lengthBytes; byte++) covered.push(`${span.file}:${span.offsetBytes + byte}`)
      }
    }
    const expected = many.flatMap((file, index) =>
      Array.from({ length: file.lengthBytes }, (_, at) => `${index}:${at}`),
    )
    expect(covered).toEqual(expected)
  })

  it('answers 300,000 questions about 300,000 files in a second', () => {
    const big = filesOf(Array.from({ length: 300_000 }, () => '1000').join(','))
    const stream = { files: big, layout: createLayout(big, 16 * kib) }
    const { result, ms } = timed(() => {
      let sum = 0
      for (let index = 0; index < 300_000; index++) sum += fileAt(big, index * 1000 + 999)
      for (let piece = 0; piece < stream.layout.pieceCount; piece++) sum += fileSpans(stream, piece, 0, 16_384).length
      return sum
    })
    expect(result).toBeGreaterThan((300_000 * 299_999) / 2)
    // A busy machine has five times that.
    expect(ms).toBeLessThan(5_000)
  })
})

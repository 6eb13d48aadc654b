import type { Content, FileEntry } from '@bitloom/core'

/** The bytes of one file in a piece that it shares with another file, and their place among all such bytes. */
export interface SideSlot {
  readonly index: number
  readonly file: number
  readonly offsetBytes: number
  readonly lengthBytes: number
  /** Where its bytes begin, counted from the first slot's. */
  readonly at: number
}

/**
 * Where the side file keeps what. It depends on the torrent only, not on what is wanted, so that it needs no index: slots
 * in the order of files, at most two for each file, one where a file has a single piece.
 */
export interface SideLayout {
  readonly slots: readonly SideSlot[]
  /** The slot that holds this byte of a file; undefined for bytes of pieces that are the file's alone. */
  slotOf(file: number, offsetBytes: number): SideSlot | undefined
  slotsOf(file: number): readonly SideSlot[]
}

/** One for all torrents of a single file: there may be thousands. */
const noSlots: SideLayout = { slots: [], slotOf: () => undefined, slotsOf: () => [] }

export function createSideLayout(content: Pick<Content, 'files' | 'layout'>): SideLayout {
  const slots: SideSlot[] = []
  const firstSlot = new Map<number, number>()
  let at = 0
  const add = (file: number, offsetBytes: number, lengthBytes: number): void => {
    if (!firstSlot.has(file)) firstSlot.set(file, slots.length)
    slots.push({ index: slots.length, file, offsetBytes, lengthBytes, at })
    at += lengthBytes
  }
  for (const { index, before, after, file } of neighbours(content.files)) {
    for (const part of sharedParts(file, before, after, content.layout.pieceLengthBytes)) {
      add(index, part.offsetBytes, part.lengthBytes)
    }
  }
  if (slots.length === 0) return noSlots
  const slotsOf = (file: number): readonly SideSlot[] => {
    const first = firstSlot.get(file)
    return first === undefined ? [] : slots.slice(first, first + 2).filter((slot) => slot.file === file)
  }
  return {
    slots,
    slotsOf,
    slotOf: (file, offsetBytes) =>
      slotsOf(file).find(
        (slot) => slot.offsetBytes <= offsetBytes && offsetBytes < slot.offsetBytes + slot.lengthBytes,
      ),
  }
}

interface Neighbours {
  readonly index: number
  readonly file: FileEntry
  /** Where the data before this file ends, and where the data after it begins, in the byte stream; padding is no data. */
  readonly before: number
  readonly after: number
}

function neighbours(files: readonly FileEntry[]): Neighbours[] {
  const stored = [...files.entries()].filter(([, file]) => !file.padding && file.lengthBytes > 0)
  return stored.map(([index, file], position) => {
    const previous = stored[position - 1]?.[1]
    const next = stored[position + 1]?.[1]
    return {
      index,
      file,
      before: previous === undefined ? -1 : previous.offsetBytes + previous.lengthBytes,
      after: next === undefined ? Number.POSITIVE_INFINITY : next.offsetBytes,
    }
  })
}

function sharedParts(file: FileEntry, before: number, after: number, pieceLengthBytes: number) {
  const begin = file.offsetBytes
  const end = begin + file.lengthBytes
  const firstPiece = Math.floor(begin / pieceLengthBytes)
  const lastPiece = Math.floor((end - 1) / pieceLengthBytes)
  const headEnd = (firstPiece + 1) * pieceLengthBytes
  const tailBegin = lastPiece * pieceLengthBytes
  const sharesHead = before > firstPiece * pieceLengthBytes
  const sharesTail = after < (lastPiece + 1) * pieceLengthBytes
  if (firstPiece === lastPiece)
    return sharesHead || sharesTail ? [{ offsetBytes: 0, lengthBytes: file.lengthBytes }] : []
  const parts: { offsetBytes: number; lengthBytes: number }[] = []
  if (sharesHead) parts.push({ offsetBytes: 0, lengthBytes: headEnd - begin })
  if (sharesTail) parts.push({ offsetBytes: tailBegin - begin, lengthBytes: end - tailBegin })
  return parts
}

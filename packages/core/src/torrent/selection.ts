import type { ReadonlyBits } from '../bytes/bits.js'
import type { Content } from '../metainfo/metainfo.js'

/** Of pieces that nobody ranked. */
export const usualPriority = 4

/** The files that are wanted, from a choice by file index; padding never is, and no choice means all. */
export function selectFiles(
  content: Content,
  choice: readonly boolean[] | undefined,
  into: { add(index: number): boolean },
): void {
  for (const [index, file] of content.files.entries()) {
    if (!file.padding && (choice === undefined || choice[index] === true)) into.add(index)
  }
}

/** A priority for each piece: `usual` where it holds a byte of a wanted file, else 0. */
export function piecePriorities(content: Content, wantedFiles: ReadonlyBits, usual: number): Uint8Array {
  const { pieceCount, pieceLengthBytes } = content.layout
  const priorities = new Uint8Array(pieceCount)
  for (let index = wantedFiles.nextSet(0); index >= 0; index = wantedFiles.nextSet(index + 1)) {
    const file = content.files[index]
    if (file === undefined || file.lengthBytes === 0) continue
    const first = Math.floor(file.offsetBytes / pieceLengthBytes)
    const last = Math.floor((file.offsetBytes + file.lengthBytes - 1) / pieceLengthBytes)
    priorities.fill(usual, first, last + 1)
  }
  return priorities
}

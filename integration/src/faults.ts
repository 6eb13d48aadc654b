import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { fileSpans, type Metainfo } from '@bitloom/core'

/** The long forms of the fault tests: `npm run faults -- --full`. */
export const isFull = process.env['BITLOOM_FAULTS_FULL'] === '1'

/** What a fault test found, for `docs/DATA.md`. */
export function figure(text: string): void {
  console.log(`faults: ${text}`)
}

/** The pieces that are whole and right in a folder, by hashing each of them. */
export async function piecesOnDisk({ files, layout, verifier }: Metainfo, directory: string): Promise<number[]> {
  const whole: number[] = []
  if (verifier.kind !== 'sha1') throw new Error('only v1 torrents are looked at')
  for (let piece = 0; piece < layout.pieceCount; piece++) {
    const bytes = new Uint8Array(layout.pieceLength(piece))
    let at = 0
    for (const { file, offsetBytes, lengthBytes } of fileSpans({ files, layout }, piece, 0, bytes.length)) {
      await readInto(join(directory, files[file]?.path ?? ''), bytes.subarray(at, at + lengthBytes), offsetBytes)
      at += lengthBytes
    }
    const digest = createHash('sha1').update(bytes).digest()
    if (digest.equals(verifier.hashes.subarray(piece * 20, piece * 20 + 20))) whole.push(piece)
  }
  return whole
}

async function readInto(path: string, into: Uint8Array, position: number): Promise<void> {
  const handle = await open(path).catch(() => undefined)
  await handle?.read(into, 0, into.length, position)
  await handle?.close()
}

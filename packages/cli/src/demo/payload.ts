import { randomFillSync } from 'node:crypto'
import { type FileHandle, mkdir, open, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'

const chunkBytes = 1024 ** 2

/** A file of the payload: where, below its folder, and how long. */
export interface PayloadFile {
  readonly path: string
  readonly lengthBytes: number
}

/** `count` files that make up `sizeBytes` together, of uneven lengths, so that pieces span files; some in a folder. */
export function planPayload(sizeBytes: number, count: number): PayloadFile[] {
  const weights = Array.from({ length: count }, (_, index) => 1 + ((index * 7) % 5))
  const sum = weights.reduce((total, weight) => total + weight, 0)
  let left = sizeBytes
  return weights.map((weight, index) => {
    const isLast = index === count - 1
    const lengthBytes = isLast ? left : Math.min(left, Math.floor((sizeBytes * weight) / sum))
    left -= lengthBytes
    const name = `part-${String(index + 1).padStart(String(count).length, '0')}.bin`
    return { path: index % 3 === 2 ? `more/${name}` : name, lengthBytes }
  })
}

/** Writes the files with random bytes, so that nothing on the way can compress or invent them. */
export async function writePayload(directory: string, files: readonly PayloadFile[], stop: AbortSignal): Promise<void> {
  const chunk = new Uint8Array(chunkBytes)
  for (const { path, lengthBytes } of files) {
    const target = join(directory, path)
    await mkdir(dirname(target), { recursive: true })
    const file = await open(target, 'wx')
    try {
      for (let at = 0; at < lengthBytes && !stop.aborted; at += chunkBytes) {
        const part = chunk.subarray(0, Math.min(chunkBytes, lengthBytes - at))
        randomFillSync(part)
        await file.write(part)
      }
    } finally {
      await file.close()
    }
  }
}

/** True if both files exist and have the same bytes. */
export async function isIdentical(left: string, right: string): Promise<boolean> {
  const sizes = await Promise.all([left, right].map(async (path) => (await stat(path)).size)).catch(() => undefined)
  if (sizes === undefined || sizes[0] !== sizes[1]) return false
  const files = await Promise.all([open(left), open(right)])
  try {
    return await haveSameBytes(files[0], files[1])
  } finally {
    await Promise.all(files.map((file) => file.close()))
  }
}

async function haveSameBytes(left: FileHandle, right: FileHandle): Promise<boolean> {
  const buffers = [Buffer.alloc(chunkBytes), Buffer.alloc(chunkBytes)] as const
  for (let at = 0; ;) {
    const [one, two] = await Promise.all([
      left.read(buffers[0], 0, chunkBytes, at),
      right.read(buffers[1], 0, chunkBytes, at),
    ])
    if (one.bytesRead !== two.bytesRead) return false
    if (one.bytesRead === 0) return true
    if (buffers[0].compare(buffers[1], 0, two.bytesRead, 0, one.bytesRead) !== 0) return false
    at += one.bytesRead
  }
}

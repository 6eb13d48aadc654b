import { createCipheriv, createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { open, mkdir, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'

const chunkBytes = 1 << 20

/** One file of a payload, by its path below the payload's folder; the empty path is the payload itself. */
interface PayloadFile {
  readonly path: string
  readonly lengthBytes: number
}

/** One file of `mebibytes`. */
export function oneFile(mebibytes: number): PayloadFile[] {
  return [{ path: '', lengthBytes: mebibytes * 2 ** 20 }]
}

/** `count` files in nested folders, of about `averageBytes`, among them an empty one and one with a name beyond ASCII. */
export function manyFiles(count: number, averageBytes: number): PayloadFile[] {
  const files = Array.from({ length: count - 2 }, (_, index) => ({
    path: `folder ${index % 17}/deep/file-${String(index).padStart(5, '0')}.bin`,
    // Not a multiple of anything, so that files begin and end within blocks.
    lengthBytes: averageBytes - 500 + ((index * 7919) % 1000),
  }))
  return [...files, { path: 'empty.txt', lengthBytes: 0 }, { path: 'ünïcode/名前.bin', lengthBytes: 12_345 }]
}

/** Writes `files` as `directory/name…`; the same arguments give the same bytes, which do not compress. */
export async function writePayload(directory: string, name: string, files: readonly PayloadFile[]): Promise<void> {
  for (const { path, lengthBytes } of files) {
    const full = path === '' ? join(directory, name) : join(directory, name, path)
    await mkdir(dirname(full), { recursive: true })
    const key = createHash('sha256').update(`${name}/${path}`).digest()
    const cipher = createCipheriv('aes-256-ctr', key, new Uint8Array(16))
    const handle = await open(full, 'w')
    for (let left = lengthBytes; left > 0; left -= chunkBytes) {
      await handle.write(cipher.update(new Uint8Array(Math.min(left, chunkBytes))))
    }
    await handle.close()
  }
}

/**
 * The first difference of two files or folders, byte by byte, or `undefined` if there is none. With `exceptEmpty` files
 * without a byte may be missing.
 */
export async function difference(expected: string, actual: string, exceptEmpty = false): Promise<string | undefined> {
  const [all, found] = await Promise.all([filesBelow(expected), filesBelow(actual)])
  const made = new Set(found)
  const wanted = all.filter((path) => !exceptEmpty || made.has(path) || statSync(join(expected, path)).size > 0)
  const missing = wanted.find((path) => !made.has(path))
  if (missing !== undefined) return `${missing || 'everything'} is missing`
  const known = new Set(wanted)
  const extra = found.find((path) => !known.has(path))
  if (extra !== undefined) return `${extra} should not be there`
  for (const path of wanted) {
    const what = await fileDifference(join(expected, path), join(actual, path))
    if (what !== undefined) return `${path || 'the file'} ${what}`
  }
  return undefined
}

/** Paths of all files, sorted; a single file has the path "", what does not exist has none. */
async function filesBelow(path: string): Promise<string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true, recursive: true })
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
      .sort()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOTDIR') return ['']
    if (code === 'ENOENT') return []
    throw error
  }
}

async function fileDifference(expected: string, actual: string): Promise<string | undefined> {
  await using left = await open(expected)
  await using right = await open(actual)
  const [leftSize, rightSize] = [(await left.stat()).size, (await right.stat()).size]
  if (leftSize !== rightSize) return `has ${rightSize} bytes instead of ${leftSize}`
  const wanted = Buffer.alloc(chunkBytes)
  const found = Buffer.alloc(chunkBytes)
  for (let at = 0; at < leftSize; at += chunkBytes) {
    const { bytesRead } = await left.read(wanted, 0, chunkBytes, at)
    await right.read(found, 0, chunkBytes, at)
    if (!wanted.subarray(0, bytesRead).equals(found.subarray(0, bytesRead)))
      return `differs between ${at} and ${at + bytesRead}`
  }
  return undefined
}

import { createCipheriv, createHash } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Lengths of files by their path below the payload's folder. The path "" alone is a payload that is one file. */
export type PayloadFiles = Readonly<Record<string, number>>

/** Bytes that do not compress; the same name gives the same bytes. */
export function payloadBytes(name: string, lengthBytes: number): Uint8Array {
  const key = createHash('sha256').update(name).digest()
  return createCipheriv('aes-256-ctr', key, new Uint8Array(16)).update(new Uint8Array(lengthBytes))
}

/** Writes `directory/name/…` and gives that path. */
export async function writePayload(directory: string, name: string, files: PayloadFiles): Promise<string> {
  for (const [path, lengthBytes] of Object.entries(files)) {
    const full = join(directory, name, path)
    await mkdir(dirname(full), { recursive: true })
    await writeFile(full, payloadBytes(`${name}/${path}`, lengthBytes))
  }
  return join(directory, name)
}

/** Paths of all files below a folder, hidden ones too, sorted; none where there is no folder. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => [])
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort()
}

/** What is wrong with a copy of a folder, one sentence for each file: missing, too much, different. Empty = identical. */
export async function differences(expected: string, actual: string): Promise<string[]> {
  const [wanted, found] = await Promise.all([filesBelow(expected), filesBelow(actual)])
  const [inWanted, inFound] = [new Set(wanted), new Set(found)]
  const faults = found.filter((path) => !inWanted.has(path)).map((path) => `${path} should not be there`)
  for (const path of wanted) {
    if (!inFound.has(path)) {
      faults.push(`${path} is missing`)
      continue
    }
    const [left, right] = await Promise.all([readFile(join(expected, path)), readFile(join(actual, path))])
    if (!left.equals(right)) faults.push(`${path} differs (${right.length} bytes for ${left.length})`)
  }
  return faults
}

import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Kind } from './kinds.js'
import { CreateError, namesOf } from './names.js'
import { pluginFiles } from './plugin-files.js'

export interface CreateOptions {
  /** Where to put it; made if it is not there. */
  readonly folder: string
  /** The name of the npm package, with or without a scope. */
  readonly name: string
  readonly kind: Kind
  /** Write into a folder that is not empty, over files of the same names. Default false. */
  readonly force?: boolean
}

/**
 * Writes a new plugin with its tests, and answers the paths of its files in the folder.
 * @throws CreateError for a name that cannot be used, or a folder that is not empty
 */
export async function createPlugin({ folder, name, kind, force = false }: CreateOptions): Promise<string[]> {
  const names = namesOf(name)
  if (!force && (await isOccupied(folder))) {
    throw new CreateError(`The folder ${folder} is not empty: choose another, or write into it with --force`)
  }
  const files = await pluginFiles(kind, names, await ownVersion())
  for (const { path, text } of files) {
    const target = join(folder, path)
    await mkdir(dirname(target), { recursive: true })
    await writeFile(target, text)
  }
  return files.map(({ path }) => path)
}

/** True for a folder with anything in it but a fresh git repository. */
async function isOccupied(folder: string): Promise<boolean> {
  try {
    return (await readdir(folder)).some((name) => name !== '.git')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return false
    if (code === 'ENOTDIR') throw new CreateError(`${folder} is a file, not a folder`)
    throw error
  }
}

/** The version of this package, which is that of all of ours. */
export async function ownVersion(): Promise<string> {
  const text = await readFile(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { readonly version: string }).version
}

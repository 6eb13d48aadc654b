import { BitloomError, PathError } from '../bytes/errors.js'
import type { Content, FileEntry } from '../metainfo/metainfo.js'
import { foldedName, safeParts } from '../metainfo/safe-path.js'

/** The longest suffix of incomplete files, in bytes: a name with it still fits where 255 do. */
const maxSuffixBytes = 15

/**
 * The paths of all files when one file, or one folder with all that is in it, is called otherwise. `from` and `to` are
 * paths below the download folder; the torrent's own folder can be renamed too.
 * @throws BitloomError NOT_FOUND for a `from` that is none · PathError for a `to` that is not safe, or taken in the torrent
 */
export function renamedPaths(content: Pick<Content, 'files' | 'name'>, from: string, to: string): readonly string[] {
  const safe = safeParts(to.split('/')).join('/')
  if (safe !== to) throw new PathError(`"${to}" is no safe path: "${safe}" would be one`)
  const { files } = content
  const isInside = ({ path, padding }: FileEntry): boolean => !padding && (path === from || path.startsWith(`${from}/`))
  if (!files.some(isInside))
    throw new BitloomError('NOT_FOUND', `there is no file or folder "${from}" in ${content.name}`)
  if (to.startsWith(`${from}/`)) throw new PathError(`"${from}" cannot go into itself`)
  const paths = files.map((file) => (isInside(file) ? to + file.path.slice(from.length) : file.path))
  const twin = collision(files, paths)
  if (twin !== undefined) throw new PathError(`"${twin}" is a file or folder of ${content.name} already`)
  return paths
}

/** Whether paths that were kept may be used: safe ones, one for each file, and none is in the way of another. */
export function areUsable(files: readonly FileEntry[], paths: readonly string[]): boolean {
  const areSafe = paths.length === files.length && paths.every((path) => safeParts(path.split('/')).join('/') === path)
  return areSafe && collision(files, paths) === undefined
}

/** A path that two files have, or that is a file and a folder at once, where case and normal form do not count. */
function collision(files: readonly FileEntry[], paths: readonly string[]): string | undefined {
  const stored = paths.filter((_path, index) => files[index]?.padding === false)
  const taken = new Set<string>()
  for (const path of stored) {
    const name = foldedName(path)
    if (taken.has(name)) return path
    taken.add(name)
  }
  return stored.find((path) => {
    const name = foldedName(path)
    for (let at = name.indexOf('/'); at >= 0; at = name.indexOf('/', at + 1))
      if (taken.has(name.slice(0, at))) return true
    return false
  })
}

/** See `AddOptions.incompleteSuffix`. @throws PathError for what cannot be the end of a file's name */
export function checkIncompleteSuffix(suffix: string): void {
  const isShort = new TextEncoder().encode(suffix).length <= maxSuffixBytes
  const isSafe = safeParts([`x${suffix}`]).join('/') === `x${suffix}`
  if (!isShort || !isSafe) throw new PathError(`"${suffix}" cannot be the end of a file's name`)
}

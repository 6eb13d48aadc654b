import { BitloomError } from '../bytes/errors.js'
import { latin1, utf8Bytes } from '../bytes/text.js'
import { maxLengthBytes } from './fields.js'

/** One file to make a torrent of. */
export interface SourceFile {
  /** Below the torrent's name; empty if the torrent is this one file. */
  readonly path: readonly string[]
  readonly lengthBytes: number
  /** BEP 47 attributes, written only where true. */
  readonly executable?: boolean
  readonly hidden?: boolean
  /** BEP 47: the target below the torrent's name; the length is then 0. */
  readonly symlink?: readonly string[]
  /** All bytes of the file in order. A chunk is used up before the next one is asked for. */
  read(): AsyncIterable<Uint8Array>
}

/** A checked source in its place. */
export interface SortedFile {
  readonly source: SourceFile
  readonly lengthBytes: number
  /** The path as byte strings: keys of the v2 tree, and what files are sorted by. */
  readonly keys: readonly string[]
  readonly attributes: string
}

/**
 * The sources in the order of their paths, part by part as raw bytes: the order of a v2 tree.
 * @throws BitloomError INVALID_ARGUMENT for a name or path that cannot be in a torrent, twice or below a file
 */
export function checkedSources(sources: readonly SourceFile[], name: string): SortedFile[] {
  checkPart(name, name)
  const files = sources.map((source) => {
    for (const part of source.path) checkPart(part, source.path.join('/'))
    const { lengthBytes } = source
    if (!Number.isInteger(lengthBytes) || lengthBytes < 0 || lengthBytes > maxLengthBytes) {
      throw refuse(`the file ${source.path.join('/')} has the length ${lengthBytes}`)
    }
    const keys = source.path.map((part) => latin1(utf8Bytes(part)))
    return { source, lengthBytes, keys, attributes: attributesOf(source) }
  })
  files.sort((left, right) => compareKeys(left.keys, right.keys))
  for (let index = 1; index < files.length; index++) {
    const [before, file] = [files[index - 1] as SortedFile, files[index] as SortedFile]
    if (before.keys.every((key, part) => key === file.keys[part])) {
      throw refuse(`the path ${before.source.path.join('/')} comes twice, or as a file and a folder`)
    }
  }
  return files
}

function attributesOf(source: SourceFile): string {
  return `${source.hidden === true ? 'h' : ''}${source.symlink === undefined ? '' : 'l'}${source.executable === true ? 'x' : ''}`
}

function checkPart(part: string, path: string): void {
  if (part === '' || part === '.' || part === '..' || /[/\0]/.test(part) || !wellFormed(part)) {
    throw refuse(`the path "${path}" cannot be in a torrent`)
  }
}

function wellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text)
}

function compareKeys(left: readonly string[], right: readonly string[]): number {
  for (let part = 0; part < left.length && part < right.length; part++) {
    const [a, b] = [left[part] as string, right[part] as string]
    if (a !== b) return a < b ? -1 : 1
  }
  return left.length - right.length
}

function refuse(message: string): BitloomError {
  return new BitloomError('INVALID_ARGUMENT', message)
}

/**
 * One deterministic policy for names that come from outside: the same for a torrent file, a magnet link and resume data,
 * on every system. What it gives has "/" between the parts, never leaves the folder it is put below, and is unique even
 * where a file system ignores case or normal forms.
 */
import { utf8, utf8Bytes } from '../bytes/text.js'

/** The longest part of a path, in UTF-8 bytes. */
export const maxPartBytes = 240

/** Parts beyond this depth are left out (the last one is kept). */
const maxParts = 100

/** An ending longer than this is not an extension. */
const maxExtensionBytes = 32

/** What " (n)" may take. */
const suffixBytes = 12

const plain = /^[\x20-\x2e\x30-\x5b\x5d-\x7e]*$/
const invisible = /[\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g
// oxlint-disable-next-line no-control-regex
const forbidden = /[/\\\u0000-\u001f\u007f-\u009f]/g
/** On Windows "C:x" leaves the folder that it is put below. */
const drive = /^([a-z]):/i
const reserved = /^(?:con|prn|aux|nul|clock\$|com[0-9¹²³]|lpt[0-9¹²³]) *(?:\.|$)/i

/**
 * One part of a path made safe: no separators or control characters, no bidi or zero-width characters, no Windows
 * device or drive name, no dots or spaces at the end, at most 240 bytes with its extension kept. Gives "" for a part that means
 * nothing ("", ".", "..").
 */
export function safePart(part: string): string {
  const text = (plain.test(part) ? part : cleaned(part)).replace(drive, '$1_')
  if (text === '' || text === '.' || text === '..') return ''
  const short = trimmed(cutPart(trimmed(text), maxPartBytes)) || '_'
  return reserved.test(short) ? trimmed(cutPart(`_${short}`, maxPartBytes)) : short
}

/** A torrent's own name made safe: one part, never empty. */
export function safeName(name: string): string {
  return safePart(name) || '_'
}

/** The parts of a path made safe; at least one, at most 100. */
export function safeParts(parts: readonly string[]): string[] {
  const few = parts.length > maxParts ? [...parts.slice(0, maxParts - 1), parts.at(-1) ?? ''] : parts
  const safe = few.map(safePart).filter((part) => part !== '')
  return safe.length === 0 ? ['_'] : safe
}

/** Names files of one torrent one after the other; the same calls give the same names. */
export interface PathNamer {
  /**
   * A safe path below `root`, "/" between its parts, that no earlier call gave and that none differs from only by case
   * or normal form. A taken name gets " (2)" before its extension, and so on.
   */
  add(parts: readonly string[]): string
}

interface Folder {
  readonly path: string
  /** Folded names of everything in the folder. */
  readonly taken: Set<string>
  /** Sub-folders by the folded name they were asked for by. */
  readonly folders: Map<string, Folder>
  /** The next number to try, by folded stem and extension. */
  readonly next: Map<string, number>
}

/** A namer for the files below `root`, which is the torrent's name made safe. */
export function createPathNamer(root: string): PathNamer {
  const top = newFolder(root)
  return {
    add: (parts) => {
      const safe = safeParts(parts)
      const last = safe.pop() as string
      let folder = top
      for (const part of safe) folder = subFolder(folder, part)
      return `${folder.path}/${claim(folder, last)}`
    },
  }
}

function newFolder(path: string): Folder {
  return { path, taken: new Set(), folders: new Map(), next: new Map() }
}

function subFolder(parent: Folder, part: string): Folder {
  const key = foldedName(part)
  let folder = parent.folders.get(key)
  if (folder === undefined) {
    folder = newFolder(`${parent.path}/${claim(parent, part)}`)
    parent.folders.set(key, folder)
  }
  return folder
}

function claim(folder: Folder, name: string): string {
  const key = foldedName(name)
  if (!folder.taken.has(key)) {
    folder.taken.add(key)
    return name
  }
  const [stem, extension] = splitExtension(name)
  // Cut before counting: names that are equal once cut share one counter, so that no list of names is quadratic.
  const base = cutText(stem, maxPartBytes - suffixBytes - utf8Bytes(extension).length)
  const counter = foldedName(`${base}/${extension}`)
  let number = folder.next.get(counter) ?? 2
  while (folder.taken.has(foldedName(`${base} (${number})${extension}`))) number++
  folder.next.set(counter, number + 1)
  const unique = `${base} (${number})${extension}`
  folder.taken.add(foldedName(unique))
  return unique
}

/** Equal for names that a file system may take for one. Upper case first: it folds what lower case alone leaves apart. */
export function foldedName(name: string): string {
  if (plain.test(name)) return name.toLowerCase()
  return name.normalize('NFC').toUpperCase().toLowerCase().normalize('NFC')
}

function cleaned(part: string): string {
  return part
    .replace(/\p{Surrogate}/gu, '\ufffd')
    .replace(invisible, '')
    .replace(forbidden, '_')
}

function trimmed(text: string): string {
  let end = text.length
  while (end > 0 && (text[end - 1] === '.' || text[end - 1] === ' ')) end--
  return text.slice(0, end)
}

function splitExtension(name: string): readonly [stem: string, extension: string] {
  const dot = name.lastIndexOf('.')
  if (dot <= 0) return [name, '']
  const extension = name.slice(dot)
  return utf8Bytes(extension).length > maxExtensionBytes ? [name, ''] : [name.slice(0, dot), extension]
}

function cutPart(name: string, maxBytes: number): string {
  if (name.length * 3 <= maxBytes || utf8Bytes(name).length <= maxBytes) return name
  const [stem, extension] = splitExtension(name)
  return cutText(stem, maxBytes - utf8Bytes(extension).length) + extension
}

function cutText(text: string, maxBytes: number): string {
  const bytes = utf8Bytes(text)
  if (bytes.length <= maxBytes) return text
  let end = maxBytes
  while (end > 0 && ((bytes[end] as number) & 0xc0) === 0x80) end--
  return utf8(bytes.subarray(0, end))
}

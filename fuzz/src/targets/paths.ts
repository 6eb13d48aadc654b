import { createPathNamer, safeName, utf8Bytes } from '@bitloom/core'
import * as fc from 'fast-check'
import { resolve, win32 } from 'node:path'
import { ensure, target } from '../target.js'

const nastyNames = [
  ['..', '.', '', '/', '\\', '\0', '../', '..\\', '/etc', 'C:', 'C:\\', '\\\\host\\share', '~', 'con', 'NUL.txt'],
  ['com1', 'LPT9.', 'a ', 'a.', ' ', '...', '\u202e', '.\u200b.', '\u200b', '\ufeff..', '\ud800', '\0..', 'İ', 'ß'],
  ['e\u0301', 'é', 'É', '%2e%2e', '\u2215', 'a/../../b', 'x'.repeat(300), '😀'.repeat(90), '\n', '\u0085', '. . '],
].flat()
const nasty = fc.constantFrom(...nastyNames)
const part = fc.oneof(
  nasty,
  fc.array(nasty, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ unit: fc.constantFrom('.', ' ', '/', '\\', 'a', 'A', '\0', '\u200b', '\ud800'), maxLength: 8 }),
)
const list = fc.array(fc.array(part, { maxLength: 4 }), { minLength: 5, maxLength: 5 })

const folder = resolve('/downloads/here')
const windowsFolder = 'D:\\downloads\\here'
const longestPart = 240
const bad =
  // oxlint-disable-next-line no-control-regex
  /[\\\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]|\p{Surrogate}/u
const device = /^(?:con|prn|aux|nul|clock\$|com\d|lpt\d) *(?:\.|$)/i

/** What is wrong with a path that files are stored at, or undefined. */
export function pathFault(path: string): string | undefined {
  if (!resolve(folder, path).startsWith(`${folder}/`)) return 'leaves the folder'
  if (!win32.resolve(windowsFolder, path).startsWith(`${windowsFolder}\\`)) return 'leaves the folder on Windows'
  if (bad.test(path)) return 'has a forbidden character'
  for (const name of path.split('/')) {
    if (name === '' || name === '.' || name === '..') return 'has a part that means nothing'
    if (/[. ]$/.test(name)) return 'has a part with a dot or space at its end'
    if (device.test(name)) return 'has a device name'
    if (utf8Bytes(name).length > longestPart) return 'has a part that is too long'
  }
  return undefined
}

/** Five paths each: 20,000 runs are 100,000 names. */
export const paths = target('paths', fc.record({ name: part, list }), ({ name, list }) => {
  const namer = createPathNamer(safeName(name))
  const again = createPathNamer(safeName(name))
  const seen = new Set<string>()
  for (const parts of list) {
    const path = namer.add(parts)
    const fault = pathFault(path)
    ensure(fault === undefined, `${JSON.stringify(parts)} became ${JSON.stringify(path)}, which ${fault}`)
    ensure(again.add(parts) === path, 'the same calls give the same names')
    seen.add(path.normalize('NFC').toLowerCase().normalize('NFC'))
  }
  ensure(seen.size === list.length, 'names are unique')
})

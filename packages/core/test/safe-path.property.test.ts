import * as fc from 'fast-check'
import { resolve, win32 } from 'node:path'
import { describe, expect, it } from 'vitest'
import { utf8Bytes } from '../src/bytes/text.js'
import { createPathNamer, maxPartBytes, safeName } from '../src/metainfo/safe-path.js'

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
const paths = fc.array(fc.array(part, { maxLength: 5 }), { minLength: 50, maxLength: 50 })

const folder = resolve('/downloads/here')
const windowsFolder = 'D:\\downloads\\here'
const bad =
  // oxlint-disable-next-line no-control-regex
  /[\\\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]|\p{Surrogate}/u
const device = /^(?:con|prn|aux|nul|clock\$|com\d|lpt\d) *(?:\.|$)/i

/** What is wrong with a path, or undefined. One call for each keeps 100,000 names quick. */
function faultOf(path: string): string | undefined {
  if (!resolve(folder, path).startsWith(`${folder}/`)) return 'leaves the folder'
  if (!win32.resolve(windowsFolder, path).startsWith(`${windowsFolder}\\`)) return 'leaves the folder on Windows'
  if (bad.test(path)) return 'has a forbidden character'
  for (const name of path.split('/')) {
    if (name === '' || name === '.' || name === '..') return 'has a part that means nothing'
    if (/[. ]$/.test(name)) return 'has a part with a dot or space at its end'
    if (device.test(name)) return 'has a device name'
    if (utf8Bytes(name).length > maxPartBytes) return 'has a part that is too long'
  }
  return undefined
}

describe('names of a torrent', () => {
  it('stay below the download folder and are unique: 100,000 generated paths', () => {
    let count = 0
    const property = fc.property(part, paths, (name, list) => {
      const namer = createPathNamer(safeName(name))
      const again = createPathNamer(safeName(name))
      const seen = new Set<string>()
      for (const parts of list) {
        const path = namer.add(parts)
        count++
        const fault = faultOf(path)
        if (fault !== undefined) throw new Error(`${JSON.stringify(parts)} became ${JSON.stringify(path)}: ${fault}`)
        if (again.add(parts) !== path) throw new Error('the same calls gave other names')
        seen.add(path.normalize('NFC').toLowerCase().normalize('NFC'))
      }
      return seen.size === list.length
    })
    fc.assert(property, { numRuns: 2_000 })
    expect(count).toBeGreaterThanOrEqual(100_000)
  })
})

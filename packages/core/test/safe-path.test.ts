import { describe, expect, it } from 'vitest'
import { utf8Bytes } from '../src/bytes/text.js'
import { createPathNamer, maxPartBytes, safeName, safePart, safeParts } from '../src/metainfo/safe-path.js'
import { timed } from './torrent-fixture.js'

describe('safePart', () => {
  it.each([
    ['an ordinary name.txt', 'an ordinary name.txt'],
    ['', ''],
    ['.', ''],
    ['..', ''],
    ['...', '_'],
    ['. .', '_'],
    [' ', '_'],
    ['.hidden', '.hidden'],
    ['../../etc/passwd', '.._.._etc_passwd'],
    ['/etc', '_etc'],
    ['..\\x', '.._x'],
    ['C:\\x', 'C__x'],
    ['c:', 'c_'],
    ['\u200bC:x', 'C_x'],
    ['Part 1: x', 'Part 1: x'],
    ['a\0b\nc\u007fd\u009be', 'a_b_c_d_e'],
    ['name. . ', 'name'],
    ['con', '_con'],
    ['CON', '_CON'],
    ['Con.txt', '_Con.txt'],
    ['con .txt', '_con .txt'],
    ['con. ', '_con'],
    ['prn', '_prn'],
    ['aux.h', '_aux.h'],
    ['NUL', '_NUL'],
    ['clock$', '_clock$'],
    ['com0', '_com0'],
    ['com9.x', '_com9.x'],
    ['COM¹', '_COM¹'],
    ['lpt0', '_lpt0'],
    ['LPT9', '_LPT9'],
    ['com10', 'com10'],
    ['console', 'console'],
    ['a con', 'a con'],
    ['.\u200b.', ''],
    ['\u202egpj.exe', 'gpj.exe'],
    ['a\u200bb\ufeffc\u2066d', 'abcd'],
    ['\u200b', ''],
    ['co\u200dn', '_con'],
    ['what?<>|":*', 'what?<>|":*'],
    ['café', 'café'],
    ['a\ud800b', 'a\ufffdb'],
  ])('%j becomes %j', (part, expected) => {
    expect(safePart(part)).toBe(expected)
  })

  it('cuts at 240 bytes on a character and keeps the extension', () => {
    expect(safePart('a'.repeat(240))).toBe('a'.repeat(240))
    expect(safePart(`${'a'.repeat(300)}.mkv`)).toBe(`${'a'.repeat(236)}.mkv`)
    const cut = safePart(`${'é'.repeat(200)}.flac`)
    expect(cut).toBe(`${'é'.repeat(117)}.flac`)
    expect(safePart(`x.${'y'.repeat(300)}`)).toHaveLength(240)
    expect(utf8Bytes(safePart('😀'.repeat(100))).length).toBe(240)
    expect(safePart(`con.${'a'.repeat(20)}${'b'.repeat(300)}`).startsWith('_con.')).toBe(true)
    expect(safePart(`con${' '.repeat(300)}x`)).toBe('_con')
    expect(safePart(`${' '.repeat(300)}x`)).toBe('_')
  })

  it('changes nothing twice', () => {
    for (const part of ['con', 'a. ', `${'é'.repeat(200)}.flac`, '...', '../x', `con${' '.repeat(300)}x`]) {
      expect(safePart(safePart(part))).toBe(safePart(part))
    }
  })
})

describe('safeName and safeParts', () => {
  it('are never empty', () => {
    expect([safeName('..'), safeName(''), safeName('a')]).toEqual(['_', '_', 'a'])
    expect([safeParts(['..', '.']), safeParts([]), safeParts(['..', 'a', '', 'b'])]).toEqual([['_'], ['_'], ['a', 'b']])
  })

  it('leave parts out beyond 100, and keep the last', () => {
    const parts = Array.from({ length: 500 }, (_, index) => `p${index}`)
    const safe = safeParts(parts)
    expect(safe).toHaveLength(100)
    expect([safe[98], safe[99]]).toEqual(['p98', 'p499'])
  })
})

describe('createPathNamer', () => {
  const named = (...paths: string[]) => {
    const namer = createPathNamer('t')
    return paths.map((path) => namer.add(path.split('/')).slice(2))
  }

  it.each<[string, string[], string[]]>([
    ['equal names', ['a.txt', 'a.txt', 'a.txt'], ['a.txt', 'a (2).txt', 'a (3).txt']],
    ['case', ['Readme', 'README', 'readme'], ['Readme', 'README (2)', 'readme (3)']],
    ['normal forms', ['caf\u00e9', 'cafe\u0301'], ['caf\u00e9', 'cafe\u0301 (2)']],
    ['folding beyond lower case', ['straße', 'STRASSE', 'ſ', 's'], ['straße', 'STRASSE (2)', 'ſ', 's (2)']],
    ['a number that is taken', ['a (2)', 'a', 'a'], ['a (2)', 'a', 'a (3)']],
    ['names equal only when safe', ['a.', 'a', 'a '], ['a', 'a (2)', 'a (3)']],
    ['folders that are one', ['x/a', 'x/b', 'X/a'], ['x/a', 'x/b', 'x/a (2)']],
    ['a file before a folder', ['x', 'x/a', 'x/b'], ['x', 'x (2)/a', 'x (2)/b']],
    ['a folder before a file', ['x/a', 'x', 'x/b'], ['x/a', 'x (2)', 'x/b']],
    ['a hidden file', ['.x', '.x'], ['.x', '.x (2)']],
    ['equal names in two folders', ['a/x', 'b/x'], ['a/x', 'b/x']],
  ])('%s', (_, paths, expected) => {
    expect(named(...paths)).toEqual(expected)
  })

  it('keeps a numbered name within 240 bytes', () => {
    const long = `${'é'.repeat(150)}.flac`
    const [first, second] = named(long, long)
    expect(first).not.toBe(second)
    expect(second?.endsWith(' (2).flac')).toBe(true)
    expect(utf8Bytes(second ?? '').length).toBeLessThanOrEqual(maxPartBytes)
  })

  it.each<[string, (index: number) => string]>([
    ['equal', () => 'name.txt'],
    [
      'equal but for case',
      (index) => [...'abcdefghijklmnop'].map((c, bit) => (index & (1 << bit) ? c.toUpperCase() : c)).join(''),
    ],
    ['equal once cut', (index) => `${'x'.repeat(235)}${String((index / 2) | 0).padStart(5, '0')}`],
  ])('names 10,000 %s ones in 500 ms', (_, nameOf) => {
    const names = Array.from({ length: 10_000 }, (_, index) => nameOf(index))
    const { result, ms } = timed(() => {
      const namer = createPathNamer('t')
      return names.map((name) => namer.add([name]))
    })
    expect(new Set(result.map((path) => path.toLowerCase())).size).toBe(10_000)
    expect(ms).toBeLessThan(2_500)
  })
})

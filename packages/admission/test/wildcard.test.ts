import { expect, it } from 'vitest'
import { matchesWildcard } from '../src/wildcard.js'

it.each([
  ['Xunlei*', 'Xunlei 0.0.1.2', true],
  ['xunlei*', 'XUNLEI', true],
  ['Xunlei', 'Xunlei 1', false],
  ['*torrent*', 'µTorrent 3.5', true],
  ['-XL????-*', '-XL0012-abcdefghijkl', true],
  ['-XL????-*', '-XL012-abcdefghijklm', false],
  ['*', '', true],
  ['', '', true],
  ['', 'a', false],
  ['a*b*c', 'aXbXbXc', true],
  ['a*b*c', 'aXbXbX', false],
  ['a.c', 'abc', false],
  ['[a]', '[a]', true],
  ['**a', 'bba', true],
])('%s fits %s: %s', (pattern, text, fits) => expect(matchesWildcard(pattern, text)).toBe(fits))

it('takes no longer for a pattern made to be slow', () => {
  const startMs = performance.now()
  expect(matchesWildcard(`${'*a'.repeat(100)}b`, 'a'.repeat(10_000))).toBe(false)
  expect(performance.now() - startMs).toBeLessThan(1_000)
})

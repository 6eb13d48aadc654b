import { describe, expect, it } from 'vitest'
import { namesOf } from '../src/names.js'

describe('names', () => {
  it.each([
    ['my-picker', 'my-picker', 'myPicker'],
    ['slow', 'slow', 'slow'],
    ['@me/slow-start', 'slow-start', 'slowStart'],
    ['round-2-robin', 'round-2-robin', 'round2Robin'],
    ['a--b-', 'a--b-', 'aB'],
    ['class', 'class', 'classPlugin'],
  ])('of %s', (text, plugin, factory) => expect(namesOf(text)).toEqual({ package: text, plugin, factory }))

  it.each([
    '',
    '.',
    '..',
    'My-Picker',
    '2fast',
    '-x',
    'a b',
    'a/b',
    '@/x',
    '@me/',
    '@me/2',
    'ä',
    'a.b',
    'x'.repeat(215),
    'fs',
  ])('refuse "%s"', (text) => expect(() => namesOf(text)).toThrow(/"/))
})

import { describe, expect, it } from 'vitest'
import { casesOf } from '../src/cases.js'
import { parseOptions } from '../src/options.js'

describe('the options of the bench', () => {
  it('have defaults, smaller ones for a quick look', () => {
    expect(parseOptions([])).toMatchObject({ runs: 5, lengthBytes: 2 ** 30, folder: '/dev/shm' })
    expect(parseOptions(['--quick'])).toMatchObject({ runs: 1, lengthBytes: 2 ** 27 })
    expect(parseOptions(['--quick', '--runs', '3', '--size', '4G'])).toMatchObject({ runs: 3, lengthBytes: 2 ** 32 })
  })

  it('name clients, pairs and cases', () => {
    const options = parseOptions(['--clients', 'aria2,bitloom', '--pairs', 'a:b,b:a', '--cases', 'one'])
    expect(options.clients).toEqual(['aria2', 'bitloom'])
    expect(options.pairs).toEqual([
      { seeder: 'a', leecher: 'b' },
      { seeder: 'b', leecher: 'a' },
    ])
    expect(options.cases).toEqual(['one'])
  })

  it.each([
    [['--runs', '0'], '"0" is no count'],
    [['--size', '10'], '"10" is no size'],
    [['--pairs', 'a'], '"a" is no pair'],
    [['--fast'], '--fast'],
  ])('%j is refused', (args, sentence) => {
    expect(() => parseOptions(args)).toThrow(sentence)
  })
})

describe('cases', () => {
  it('are all, or those that were named', () => {
    expect(casesOf(2 ** 30, []).map(({ name }) => name)).toEqual([
      'one',
      'pieces-256k',
      'pieces-4m',
      'pieces-16m',
      'files',
    ])
    expect(casesOf(2 ** 30, [], ['files'])).toMatchObject([{ name: 'files', shape: { files: 5243 } }])
    expect(() => casesOf(2 ** 30, [], ['none'])).toThrow('there is no case none')
  })
})

import { describe, expect, it } from 'vitest'
import { caseNames, casesOf } from '../src/cases.js'
import { parseOptions } from '../src/options.js'

describe('the options of the bench', () => {
  it('have defaults, smaller ones for a quick look', () => {
    expect(parseOptions([])).toMatchObject({ runs: 5, lengthBytes: 2 ** 30, folder: '/dev/shm' })
    expect(parseOptions(['--quick'])).toMatchObject({ runs: 1, lengthBytes: 2 ** 27 })
    expect(parseOptions(['--quick', '--runs', '3', '--size', '4G'])).toMatchObject({ runs: 3, lengthBytes: 2 ** 32 })
  })

  it('have no end of time and no other Node unless told', () => {
    expect(parseOptions([])).toMatchObject({ minutes: Infinity, nodes: [], resume: false })
    const told = ['--minutes', '35', '--node', '/a/node,/b/node', '--json', 'f', '--resume']
    expect(parseOptions(told)).toMatchObject({ minutes: 35, nodes: ['/a/node', '/b/node'], resume: true })
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
    [['--minutes', 'ten'], '"ten" is no count'],
    [['--resume'], '--resume needs --json'],
  ])('%j is refused', (args, sentence) => {
    expect(() => parseOptions(args)).toThrow(sentence)
  })
})

describe('cases', () => {
  const pairs = [
    { seeder: 'libtorrent', leecher: 'a' },
    { seeder: 'a', leecher: 'libtorrent' },
    { seeder: 'bitloom', leecher: 'bitloom' },
    { seeder: 'libtorrent', leecher: 'transmission' },
  ]

  it('are all, or those that were named', () => {
    expect(casesOf(2 ** 30, pairs, 'libtorrent').map(({ name }) => name)).toEqual(caseNames)
    expect(casesOf(2 ** 30, pairs, 'libtorrent', ['one', 'files'])).toMatchObject([
      { pairs },
      { shape: { files: 5243 }, pairs: pairs.slice(0, 3) },
    ])
    expect(() => casesOf(2 ** 30, pairs, 'libtorrent', ['none'])).toThrow('there is no case none')
  })

  it('of many pieces have 100,000 where the payload is long enough', () => {
    const lengths = [2 ** 27, 2 ** 32].map((bytes) => casesOf(bytes, pairs, 'libtorrent', ['pieces-many'])[0]?.shape)
    expect(lengths.map((shape) => (shape?.lengthBytes ?? 0) / 16_384)).toEqual([8_192, 100_000])
  })

  it('are as long as is wanted, or four times that, but for the first two 1 GiB at most', () => {
    const cases = casesOf(2 ** 31, pairs, 'libtorrent', ['one', 'long', 'pieces-4m'])
    expect(cases.map(({ shape }) => shape.lengthBytes)).toEqual([2 ** 31, 2 ** 33, 2 ** 30])
  })

  it('of several peers have the partner seed', () => {
    const [crowd] = casesOf(2 ** 30, pairs, 'libtorrent', ['peers-8'])
    expect(crowd).toMatchObject({ peers: 8, pairs: [pairs[0]] })
  })

  it('that take long are for a few clients', () => {
    const thrifty = { seeder: 'libtorrent', leecher: 'aria2' }
    const [long, many] = casesOf(2 ** 30, [...pairs, thrifty], 'libtorrent', ['long', 'pieces-many'])
    expect(long?.pairs).toEqual([pairs[2], thrifty])
    expect(many?.pairs).toEqual([pairs[2]])
  })
})

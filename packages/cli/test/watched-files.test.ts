import { describe, expect, it } from 'vitest'
import { WatchedFiles } from '../src/daemon/watched-files.js'

/** "a.torrent 10 1": a name, a length and a time of change. */
const look = (text: string) =>
  text
    .split(', ')
    .filter((one) => one !== '')
    .map((one) => {
      const [name = '', lengthBytes, modifiedMs] = one.split(' ')
      return { name, lengthBytes: Number(lengthBytes), modifiedMs: Number(modifiedMs) }
    })

describe('of the files of a watched folder', () => {
  it.each([
    ['one that looks the same twice is read', ['a.torrent 10 1', 'a.torrent 10 1'], 'a.torrent'],
    ['one that grows is being written', ['a.torrent 10 1', 'a.torrent 20 1', 'a.torrent 30 1'], ''],
    ['one that is changed is being written', ['a.torrent 10 1', 'a.torrent 10 2'], ''],
    ['an empty one waits', ['a.torrent 0 1', 'a.torrent 0 1'], ''],
    [
      'others are left alone',
      ['a.txt 1 1, b.torrent.added 1 1, .c.torrent 1 1', 'a.txt 1 1, b.torrent.added 1 1, .c.torrent 1 1'],
      '',
    ],
    [
      'all that are ripe are read in order',
      ['b.torrent 1 1, a.TORRENT 1 1', 'b.torrent 1 1, a.TORRENT 1 1'],
      'a.TORRENT b.torrent',
    ],
    ['one that goes and comes is new', ['a.torrent 1 1', '', 'a.torrent 1 1'], ''],
  ])('%s', (_what, looks, ripe) => {
    const files = new WatchedFiles()
    const answers = looks.map((text) => files.ripe(look(text)).join(' '))
    expect(answers.at(-1)).toBe(ripe)
    expect(answers.slice(0, -1).every((answer) => answer === '')).toBe(true)
  })

  it('one that was dealt with is read again when it has changed, not before', () => {
    const files = new WatchedFiles()
    const ripe = (text: string): string => files.ripe(look(text)).join(' ')
    ripe('a.torrent 10 1')
    expect(ripe('a.torrent 10 1')).toBe('a.torrent')
    files.done('a.torrent')
    expect([ripe('a.torrent 10 1'), ripe('a.torrent 10 1')]).toEqual(['', ''])
    expect([ripe('a.torrent 12 2'), ripe('a.torrent 12 2')]).toEqual(['', 'a.torrent'])
  })
})

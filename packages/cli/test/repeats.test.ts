import type { LogFields } from '@bitloom/core'
import { expect, it } from 'vitest'
import { countRepeats } from '../src/daemon/repeats.js'

it('says a warning once and its count later, an error for each torrent, and information always', () => {
  const lines: string[] = []
  const write =
    (level: string) =>
    (message: string, fields: LogFields = {}) =>
      void lines.push([level, message, ...Object.values(fields)].join(' '))
  const { log, tell } = countRepeats({
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  })
  for (const torrent of ['a', 'b', 'b', 'c']) log.warn('a tracker could not be asked', { torrent, reason: 'no answer' })
  log.warn('a tracker could not be asked', { torrent: 'a', reason: 'refused' })
  for (const torrent of ['a', 'b', 'a']) log.error('a torrent failed', { torrent, reason: 'the disk broke' })
  for (const torrent of ['a', 'a']) log.info('a torrent was added', { torrent })
  expect(lines.splice(0)).toEqual([
    'warn a tracker could not be asked a no answer',
    'warn a tracker could not be asked a refused',
    'error a torrent failed a the disk broke',
    'error a torrent failed b the disk broke',
    'info a torrent was added a',
    'info a torrent was added a',
  ])
  tell()
  expect(lines.splice(0)).toEqual([
    'warn 3 times more, for b, c: a tracker could not be asked: no answer',
    'warn once more: a torrent failed: the disk broke',
  ])
  tell()
  expect(lines).toEqual([])
})

import { BitloomError, errorCodes, MetainfoError, PluginError, StorageError } from '@bitloom/core'
import { describe, expect, it } from 'vitest'
import { CliError, errorCodeOf, exitCodeOf, exitCodes, sentenceOf } from '../src/exit-codes.js'

const system = (code: string, path?: string): Error => Object.assign(new Error(`${code}: raw text`), { code, path })
const storage = (code: 'DENIED' | 'NO_SPACE', syscall?: string): StorageError =>
  new StorageError(code, 'x', { path: '/x', retry: false, cause: Object.assign(new Error(), { syscall }) })

describe('exit codes', () => {
  it('are those of the contract', () => {
    expect(Object.values(exitCodes).map(({ exit }) => exit)).toEqual([
      0, 1, 2, 3, 5, 6, 7, 9, 12, 13, 15, 16, 17, 18, 25, 26, 27, 28, 32, 40, 41, 130,
    ])
  })

  it.each([
    [new Error('odd'), 1],
    ['thrown text', 1],
    [new CliError('TIMEOUT', 'x'), 2],
    [system('ENOENT'), 3],
    [system('EACCES'), 15],
    [system('EISDIR'), 15],
    [system('EEXIST'), 13],
    [system('ENOSPC'), 9],
    [system('EADDRINUSE'), 6],
    [system('EIO'), 17],
    [new BitloomError('ADDRESS_IN_USE', 'x'), 6],
    [new BitloomError('BENCODE_SYNTAX', 'x'), 25],
    [new MetainfoError('METAINFO_INVALID', 'x'), 26],
    [new MetainfoError('METAINFO_UNSUPPORTED', 'x'), 26],
    [new MetainfoError('MAGNET_INVALID', 'x'), 27],
    [storage('NO_SPACE'), 9],
    [storage('DENIED', 'mkdir'), 18],
    [storage('DENIED', 'open'), 16],
    [storage('DENIED', 'read'), 15],
    [new PluginError('PLUGIN_FAILED', 'x', { plugin: 'p' }), 40],
    [new PluginError('PLUGIN_CONTRACT', 'x', { plugin: 'p' }), 41],
    [new AggregateError([storage('NO_SPACE'), new Error('later')]), 9],
  ])('%o ends in %d', (error, exit) => expect(exitCodeOf(error)).toBe(exit))

  it.each(Object.keys(errorCodes) as (keyof typeof errorCodes)[])('%s of core is in the table', (code) => {
    const known = new Set<number>(Object.values(exitCodes).map(({ exit }) => exit))
    expect(known).toContain(exitCodeOf(new BitloomError(code, 'x')))
  })

  it('sentences name the path and leave the jargon out', () => {
    expect(sentenceOf(system('ENOENT', '/no/where'))).toBe('/no/where: no such file or folder')
    expect(sentenceOf(new AggregateError([new Error('a'), new Error('b')]))).toBe('a; b')
    expect(errorCodeOf(system('ENOENT'))).toBe('ENOENT')
  })
})

import { describe, expect, it } from 'vitest'
import { areUsable, checkIncompleteSuffix, renamedPaths } from '../src/driver/file-paths.js'
import type { FileEntry } from '../src/metainfo/metainfo.js'

const content = { name: 'album', files: ['album/a', 'album/b/c', 'album/b/d', 'album/.pad/1'].map(fileOf) }

function fileOf(path: string): FileEntry {
  return { path, lengthBytes: 1, offsetBytes: 0, padding: path.includes('.pad'), executable: false, hidden: false }
}

describe('renamedPaths', () => {
  it.for([
    ['album/a', 'album/x', 'album/x album/b/c album/b/d'],
    ['album/a', 'elsewhere/deep/x', 'elsewhere/deep/x album/b/c album/b/d'],
    ['album/b', 'album/other', 'album/a album/other/c album/other/d'],
    ['album', 'Album 2', 'Album 2/a Album 2/b/c Album 2/b/d'],
    ['album/b', 'b', 'album/a b/c b/d'],
    ['album/a', 'album/A', 'album/A album/b/c album/b/d'],
  ])('%s → %s', ([from, to, expected]) => {
    const paths = renamedPaths(content, from ?? '', to ?? '')
    expect(paths).toHaveLength(4)
    expect(paths.slice(0, 3)).toEqual(expected?.split(/ (?=[a-z]+\/|Album)/))
    expect(paths[3]).toBe('album/.pad/1')
  })

  it.for([
    ['album/a', '../a', 'PATH_INVALID', /no safe path: "a" would be one/],
    ['album/a', '/etc/passwd', 'PATH_INVALID', /no safe path: "etc\/passwd" would be one/],
    ['album/a', 'album/con', 'PATH_INVALID', /"album\/_con" would be one/],
    ['album/a', 'album/x ', 'PATH_INVALID', /no safe path/],
    ['album/a', 'album\\x', 'PATH_INVALID', /no safe path/],
    ['album/a', '', 'PATH_INVALID', /no safe path/],
    ['album/a', 'album/b/C', 'PATH_INVALID', /is a file or folder of album already/],
    ['album/a', 'album/b', 'PATH_INVALID', /is a file or folder of album already/],
    ['album/b', 'album/a', 'PATH_INVALID', /is a file or folder of album already/],
    ['album/b', 'album/a/x', 'PATH_INVALID', /is a file or folder of album already/],
    ['album/b', 'album/b/b', 'PATH_INVALID', /cannot go into itself/],
    ['album/x', 'album/y', 'NOT_FOUND', /no file or folder "album\/x"/],
    ['album/.pad/1', 'album/y', 'NOT_FOUND', /no file or folder/],
    ['', 'album/y', 'NOT_FOUND', /no file or folder/],
  ] as const)('%s → "%s" is refused: %s', ([from, to, code, message]) => {
    expect(() => renamedPaths(content, from, to)).toThrow(expect.objectContaining({ code }))
    expect(() => renamedPaths(content, from, to)).toThrow(message)
  })
})

describe('areUsable', () => {
  it.for([
    [['x', 'y/c', 'y/d', 'p'], true],
    [['x', 'y/c', 'y/d'], false],
    [['../x', 'y/c', 'y/d', 'p'], false],
    [['x', 'y/c', 'Y/C', 'p'], false],
    [['y', 'y/c', 'y/d', 'p'], false],
    [['x', 'y/c', 'y/d', 'x'], true],
  ] as const)('%j: %s', ([paths, expected]) => {
    expect(areUsable(content.files, paths)).toBe(expected)
  })
})

it.for(['.part', '.!bl', '', '~'])('"%s" can be the end of a name', (suffix) => {
  expect(() => checkIncompleteSuffix(suffix)).not.toThrow()
})

it.for(['/x', '.', 'part ', '.part\u0000', '.far too long a part'])('"%s" cannot', (suffix) => {
  expect(() => checkIncompleteSuffix(suffix)).toThrow(expect.objectContaining({ code: 'PATH_INVALID' }))
})

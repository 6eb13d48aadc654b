import { describe, expect, it } from 'vitest'
import { CliError } from '../src/exit-codes.js'
import {
  parseCount,
  parseDuration,
  parseHostPort,
  parseListen,
  parsePeriod,
  parseRate,
  parseRatio,
  parseSeedGoal,
  parseSetting,
  parseSize,
  parseTiers,
  resolveEndpoint,
  selectFiles,
} from '../src/options.js'

describe('sizes', () => {
  it.each([
    ['0', 0],
    ['4096', 4096],
    ['16K', 16_384],
    ['16k', 16_384],
    ['16KiB', 16_384],
    ['16kb', 16_384],
    ['1.5M', 1_572_864],
    ['2G', 2_147_483_648],
    ['1T', 1_099_511_627_776],
    [' 3 M ', 3_145_728],
  ])('%j is %d bytes', (text, bytes) => expect(parseSize(text)).toBe(bytes))

  it.each(['', 'M', '-1', '1e3', '1X', '0x10', '9999999999T'])('%j is refused', (text) =>
    expect(() => parseSize(text)).toThrow(CliError),
  )
})

describe('rates', () => {
  it.each([
    ['2M', 2_097_152],
    ['512K/s', 524_288],
    ['0', undefined],
    ['unlimited', undefined],
  ])('%j is %j bytes a second', (text, rate) => expect(parseRate(text)).toBe(rate))
})

describe('durations', () => {
  it.each([
    ['90', 90_000],
    ['0.5', 500],
    ['500ms', 500],
    ['30s', 30_000],
    ['10m', 600_000],
    ['1h30m', 5_400_000],
    ['2D', 172_800_000],
  ])('%j is %d ms', (text, ms) => expect(parseDuration(text)).toBe(ms))

  it.each(['', 'm', '1x', '-5s', '1h 30m x'])('%j is refused', (text) =>
    expect(() => parseDuration(text)).toThrow(/no duration/),
  )
})

describe('counts, ratios and goals', () => {
  it('takes whole numbers only', () => {
    expect(parseCount('7')).toBe(7)
    for (const text of ['0', '-1', '1.5', 'x', '']) expect(() => parseCount(text)).toThrow(CliError)
    expect(parseCount('0', 0)).toBe(0)
  })

  it('tells ratios from durations', () => {
    expect(parseRatio('1.5')).toBe(1.5)
    expect(() => parseRatio('1.5x')).toThrow(CliError)
    expect(parseSeedGoal('')).toEqual({})
    expect(parseSeedGoal('2')).toEqual({ ratio: 2 })
    expect(parseSeedGoal('1.5')).toEqual({ ratio: 1.5 })
    expect(parseSeedGoal('30m')).toEqual({ durationMs: 1_800_000 })
  })
})

describe('addresses', () => {
  it.each([
    ['6881', { host: undefined, port: 6881 }],
    ['0', { host: undefined, port: 0 }],
    ['127.0.0.1:6881', { host: '127.0.0.1', port: 6881 }],
    ['localhost:80', { host: 'localhost', port: 80 }],
    ['[::1]:6881', { host: '::1', port: 6881 }],
  ])('listens at %j', (text, at) => expect(parseListen(text)).toEqual(at))

  it.each(['', 'x', '::1', '70000', '127.0.0.1', '127.0.0.1:', ':6881'])('%j is no place to listen', (text) =>
    expect(() => parseListen(text)).toThrow(CliError),
  )

  it.each(['6881', 'host', 'host:0', '::1:80', '[::1]'])('%j is no peer', (text) =>
    expect(() => parseHostPort(text)).toThrow(CliError),
  )

  it('resolves names and leaves addresses alone', async () => {
    const resolve = async (host: string): Promise<string> =>
      host === 'peer.test' ? '192.0.2.1' : Promise.reject(new Error())
    expect(await resolveEndpoint({ host: 'peer.test', port: 1 }, resolve)).toEqual({
      kind: 'ip',
      host: '192.0.2.1',
      port: 1,
    })
    expect(await resolveEndpoint({ host: '::1', port: 1 }, resolve)).toEqual({ kind: 'ip', host: '::1', port: 1 })
    await expect(resolveEndpoint({ host: 'gone.test', port: 1 }, resolve)).rejects.toThrow('gone.test is not known')
  })
})

describe('tracker tiers', () => {
  it('makes a tier of each value and splits it at commas', () => {
    expect(parseTiers(['http://a/announce,udp://b:1', 'https://c/x'])).toEqual([
      ['http://a/announce', 'udp://b:1'],
      ['https://c/x'],
    ])
  })

  it('takes any scheme, since a plugin may bring it', () => {
    expect(parseTiers(['peers://10.0.0.1:1/10.0.0.2:2'])).toEqual([['peers://10.0.0.1:1/10.0.0.2:2']])
  })

  it.each(['udp:a', 'a/announce', 'http://', ''])('%j is refused', (url) =>
    expect(() => parseTiers([url])).toThrow(/no tracker URL/),
  )
})

describe('file selection', () => {
  const files = [
    { path: 'album/one.flac', padding: false },
    { path: 'album/.pad/10', padding: true },
    { path: 'album/two.flac', padding: false },
    { path: 'album/art/cover.jpg', padding: false },
    { path: 'album/art/back.jpg', padding: false },
  ]
  const picture = (selections: readonly string[]): string =>
    selectFiles(files, selections)
      .map((wanted) => (wanted ? 'x' : '.'))
      .join('')

  it.each([
    [['1'], 'x....'],
    [['2'], '..x..'],
    [['1,3-4'], 'x..xx'],
    [['3-'], '...xx'],
    [['*.flac'], 'x.x..'],
    [['art/*'], '...xx'],
    [['album/art/*'], '...xx'],
    [['**/cover.jpg'], '...x.'],
    [['cover.jpg'], '...x.'],
    [['*.flac', '4'], 'x.x.x'],
  ])('%j selects %s, padding never', (selections, expected) => expect(picture(selections)).toBe(expected))

  it.each([['5'], ['0'], ['3-2'], ['1,,2'], ['*.mp3']])('%j matches nothing and is an error', (selection) =>
    expect(() => selectFiles(files, [selection])).toThrow(CliError),
  )
})

describe('settings of plugins', () => {
  it('takes JSON where it parses, else text', () => {
    expect(parseSetting('storage-fs.handles=32')).toEqual({ plugin: 'storage-fs', keys: ['handles'], value: 32 })
    expect(parseSetting('p.a.b=x=y')).toEqual({ plugin: 'p', keys: ['a', 'b'], value: 'x=y' })
    expect(parseSetting('p.a=[1,2]').value).toEqual([1, 2])
  })

  it.each(['p', 'p.a', 'p=1', '.a=1', 'p.=1', 'p.__proto__=1'])('%j is refused', (text) =>
    expect(() => parseSetting(text)).toThrow(CliError),
  )
})

describe('parsePeriod', () => {
  it.for([
    ['23:00-07:30', { from: '23:00', to: '07:30' }],
    ['sat 10:00-24:00', { days: ['sat'], from: '10:00', to: '24:00' }],
    ['Mon-Fri 08:00-18:00', { days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '08:00', to: '18:00' }],
    ['fri-mon 00:00-24:00', { days: ['sun', 'mon', 'fri', 'sat'], from: '00:00', to: '24:00' }],
  ] as const)('%s', ([text, expected]) => {
    expect(parsePeriod(text)).toEqual(expected)
  })

  it.for([
    '',
    '8:00-18:00',
    '08:00',
    '08:00-18:60',
    '25:00-26:00',
    '24:30-02:00',
    'xyz 08:00-18:00',
    'mon-xyz 08:00-09:00',
  ])('"%s" is none', (text) => {
    expect(() => parsePeriod(text)).toThrow(`"${text}" is no time: write HH:MM-HH:MM`)
  })
})

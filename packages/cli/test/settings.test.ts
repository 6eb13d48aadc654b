import { Command } from 'commander'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { normalizeArguments } from '../src/program.js'
import { loadConfigs } from '../src/settings/config-file.js'
import { environmentLayer, misspeltVariables } from '../src/settings/environment.js'
import { addFlags, flagLayer } from '../src/settings/flags.js'
import { originText, problemText } from '../src/settings/origin.js'
import { pluginSettings } from '../src/settings/plugin-settings.js'
import { resolveSettings } from '../src/settings/resolve.js'
import { allSettings, common, settingsOf, verbs } from '../src/settings/schema.js'
import { type EngineOptions, scheduleOf } from '../src/transfer-options.js'

const folder = mkdtempSync(join(tmpdir(), 'bitloom-settings-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

type Values = Record<string, unknown>
const fileOf = (path: string, values: Values) =>
  new Map(Object.entries(values).map(([key, raw]) => [key, { raw, origin: { kind: 'file', path } as const }]))

/** What holds for `download` with these flags, this environment and these files, the nearer one first. */
function resolve(args: readonly string[], env: Record<string, string>, files: readonly [string, Values][] = []) {
  const program = addFlags(new Command('bitloom').exitOverride(), common)
  const command = program.command('download').action(() => undefined)
  for (const group of verbs['download'] ?? []) addFlags(command, group)
  program.parse(normalizeArguments(program, ['download', ...args]), { from: 'user' })
  const settings = settingsOf('download')
  const layers = [flagLayer(settings, command), environmentLayer(settings, env)]
  return resolveSettings(settings, [...layers, ...files.map(([path, values]) => fileOf(path, values))])
}

/** The value of one setting and where it comes from. */
function effective(key: string, ...given: Parameters<typeof resolve>): [unknown, string] {
  const found = resolve(...given).settings.get(key)
  return [found?.value, found?.origins.map(originText).join() ?? '']
}

describe('precedence', () => {
  const near: [string, Values] = ['near', { limitDown: '3M', output: 'file', trackers: false }]
  const far: [string, Values] = ['far', { limitDown: '4M', json: true, seed: '2' }]
  const mebibyte = 1024 ** 2

  it('is flag, environment, nearer file, farther one, default, and each knows its origin', () => {
    const env = { BITLOOM_LIMIT_DOWN: '2M' }
    expect(effective('limitDown', ['--limit-down', '1M'], env, [near, far])).toEqual([mebibyte, '--limit-down'])
    expect(effective('limitDown', [], env, [near, far])).toEqual([2 * mebibyte, 'BITLOOM_LIMIT_DOWN'])
    expect(effective('limitDown', [], {}, [near, far])).toEqual([3 * mebibyte, 'near'])
    expect(effective('limitDown', [], {}, [far])).toEqual([4 * mebibyte, 'far'])
    expect(effective('limitDown', [], {}, [])).toEqual([undefined, 'default'])
    expect(effective('output', [], {}, [])).toEqual(['.', 'default'])
  })

  it('"unlimited" is a value that replaces those of weaker layers', () => {
    expect(effective('limitDown', [], { BITLOOM_LIMIT_DOWN: 'unlimited' }, [near])).toEqual([
      undefined,
      'BITLOOM_LIMIT_DOWN',
    ])
  })

  it('reaches options before the verb, switches and their opposites, and optional values', () => {
    expect(effective('json', [], {}, [near, far])).toEqual([true, 'far'])
    expect(effective('json', [], { BITLOOM_JSON: 'no' }, [far])).toEqual([false, 'BITLOOM_JSON'])
    expect(effective('trackers', [], {}, [near])).toEqual([false, 'near'])
    expect(effective('trackers', ['--no-trackers'], { BITLOOM_TRACKERS: 'on' })).toEqual([false, '--no-trackers'])
    expect(effective('trackers', [], { BITLOOM_NO_TRACKERS: '1' })).toEqual([false, 'BITLOOM_NO_TRACKERS'])
    expect(effective('trackers', [], { BITLOOM_TRACKERS: 'true' }, [near])).toEqual([true, 'BITLOOM_TRACKERS'])
    expect(effective('seed', [], {}, [far])[0]).toEqual({ ratio: 2 })
    expect(effective('seed', [], {}, [['x', { seed: true }]])[0]).toEqual({})
    expect(effective('seed', [], { BITLOOM_SEED: 'false' }, [far])).toEqual([undefined, 'BITLOOM_SEED'])
    expect(effective('verbose', [], {}, [['x', { verbose: true }]])[0]).toBe(1)
  })

  it('gathers plugins of all layers, strongest last', () => {
    const files: [string, Values][] = [['x', { plugin: ['a'] }]]
    expect(effective('plugin', ['--plugin', 'c', '--plugin', 'd'], { BITLOOM_PLUGIN: 'b' }, files)).toEqual([
      ['a', 'b', 'c', 'd'],
      'x,BITLOOM_PLUGIN,--plugin',
    ])
    expect(effective('noPlugin', ['--no-plugin', 'a'], {})).toEqual([['a'], '--no-plugin'])
  })
})

describe('limits by schedule', () => {
  const scheduled = (args: readonly string[], env: Record<string, string> = {}) => {
    const values = [...resolve(args, env).settings].map(([key, { value }]) => [key, value] as const)
    return scheduleOf(Object.fromEntries(values) as unknown as EngineOptions)
  }

  it('are times and rates', () => {
    expect(scheduled([])).toBeUndefined()
    const rates = ['--schedule-limit-down', '1M', '--schedule-limit-up', 'unlimited']
    const limits = { downBytesPerSecond: 1024 ** 2, upBytesPerSecond: undefined }
    expect(scheduled(['--schedule', '23:00-07:00', ...rates])).toEqual({
      periods: [{ from: '23:00', to: '07:00' }],
      limits,
    })
    expect(scheduled(rates, { BITLOOM_SCHEDULE: 'sat-sun 00:00-24:00,01:00-02:00' })?.periods).toEqual([
      { days: ['sun', 'sat'], from: '00:00', to: '24:00' },
      { from: '01:00', to: '02:00' },
    ])
  })

  it('are both, or none', () => {
    expect(() => scheduled(['--schedule', '23:00-07:00'])).toThrow(/one of both is missing/)
    expect(() => scheduled(['--schedule-limit-up', '1M'])).toThrow(/one of both is missing/)
  })
})

describe('an optional value', () => {
  it('is taken only after "="', () => {
    const program = addFlags(new Command(), common)
    const normal = (...args: string[]) => normalizeArguments(program, args)
    expect(normal('a.torrent', '--seed', 'b')).toEqual(['a.torrent', '--seed=', 'b'])
    expect(normal('--seed=2', '--', '--seed')).toEqual(['--seed=2', '--', '--seed'])
    expect(normal('--progress', 'none', 'simulate', '--seed', '1')).toContain('--seed')
    expect(effective('seed', ['--seed', '--limit-down', '1K'], {})[0]).toEqual({})
    expect(effective('seed', ['--seed=30m'], {})[0]).toEqual({ durationMs: 1_800_000 })
  })
})

describe('a wrong value', () => {
  it.each<[string, Parameters<typeof resolve>, RegExp]>([
    ['a flag', [['--limit-down', 'fast'], {}], /^--limit-down: "fast" is no size: write bytes/],
    ['a variable', [[], { BITLOOM_LIMIT_DOWN: 'fast' }], /^BITLOOM_LIMIT_DOWN: "fast" is no size/],
    ['a switch', [[], { BITLOOM_JSON: 'maybe' }], /^BITLOOM_JSON: "maybe" is neither true nor false/],
    ['an opposite', [[], { BITLOOM_NO_TRACKERS: 'x' }], /^BITLOOM_NO_TRACKERS: "x" is neither true nor false/],
    ['a type', [[], {}, [['/f', { limitDown: true }]]], /^\/f: limitDown: expected bytes a second, .*, not true$/],
    ['a time', [[], { BITLOOM_SCHEDULE: '8-9' }], /^BITLOOM_SCHEDULE: "8-9" is no time: write HH:MM-HH:MM/],
    [
      'a suffix',
      [['--incomplete-suffix', 'a/b'], {}],
      /^--incomplete-suffix: "a\/b" cannot be the end of a file's name$/,
    ],
    ['a name', [['--check', 'some'], {}], /^--check: expected one of trust, sample, full, not "some"$/],
    ['a list', [[], {}, [['/f', { peer: ['10.0.0.1'] }]]], /^\/f: peer: "10.0.0.1" is no peer/],
    ['a list of numbers', [[], {}, [['/f', { select: [1] }]]], /^\/f: select: expected a name or a list/],
  ])('of %s names its source and what was expected', (_, given, message) => {
    const { problems } = resolve(...given)
    expect(problems.map(problemText)).toEqual([expect.stringMatching(message)])
  })

  it('does not hide others', () => {
    const { problems } = resolve(['--max-peers', '0'], { BITLOOM_TIMEOUT: 'x' }, [['/f', { check: 1 }]])
    expect(problems.map(({ origin }) => originText(origin)).toSorted()).toEqual([
      '--max-peers',
      '/f',
      'BITLOOM_TIMEOUT',
    ])
  })

  it('a variable that is nearly a setting is told; others with our prefix belong to somebody else', () => {
    const env = { BITLOOM_LIMT_DOWN: '1M', BITLOOM_KEY: 'x', BITLOOM_SET: '', BITLOOM_NO_TRACKERS: '', PATH: '' }
    expect(misspeltVariables(env).map(problemText)).toEqual([
      'BITLOOM_LIMT_DOWN: there is no such setting; did you mean BITLOOM_LIMIT_DOWN?',
    ])
  })
})

describe('the schema', () => {
  it.each(Object.entries(allSettings))('%s: key, flag and preset belong together', (key, setting) => {
    const command = addFlags(new Command(), { [key]: setting })
    for (const option of command.options) expect(option.attributeName()).toBe(key)
    const { settings, problems } = resolveSettings({ [key]: setting }, [])
    expect(problems).toEqual([])
    expect(settings.get(key)?.value !== undefined).toBe(setting.preset !== undefined)
  })
})

describe('options of plugins', () => {
  it('come weakest first and know where they were set', async () => {
    const read = async (name: string, options: object) => {
      writeFileSync(join(folder, name), JSON.stringify({ options }, undefined, 1))
      return (await loadConfigs(name, folder, folder))[0]!
    }
    const files = [await read('near.json', { p: { a: 2 } }), await read('far.json', { p: { a: 1, b: [1] } })]
    const settings = pluginSettings(files, { BITLOOM_SET: 'p.a=3; q.c=x' }, ['p.a=4'])
    expect(settings.map(({ plugin, keys, value, origin }) => [plugin, keys[0], value, originText(origin)])).toEqual([
      ['p', 'a', 1, join(folder, 'far.json:4')],
      ['p', 'b', [1], join(folder, 'far.json:5')],
      ['p', 'a', 2, join(folder, 'near.json:4')],
      ['p', 'a', 3, 'BITLOOM_SET'],
      ['q', 'c', 'x', 'BITLOOM_SET'],
      ['p', 'a', 4, '--set p.a=4'],
    ])
  })
})

describe('configuration files', () => {
  const near = join(folder, 'near')
  const user = join(folder, 'user')
  mkdirSync(near)
  mkdirSync(user)
  const brief = async (...given: Parameters<typeof loadConfigs>) =>
    (await loadConfigs(...given)).map(({ path, layer }) => [
      path,
      Object.fromEntries([...layer].map(([key, { raw }]) => [key, raw])),
    ])

  it('are found in the working folder and the user folder, mjs before json', async () => {
    expect(await brief(undefined, near, user)).toEqual([])
    writeFileSync(join(user, 'config.json'), '{"limitUp":"1M"}')
    writeFileSync(join(near, 'bitloom.config.json'), '{"limitUp":"2M"}')
    writeFileSync(join(near, 'bitloom.config.mjs'), 'export default { plugin: "./x.js", limitUp: "3M" }')
    expect(await brief(undefined, near, user)).toEqual([
      [join(near, 'bitloom.config.mjs'), { plugin: [join(near, 'x.js')], limitUp: '3M' }],
      [join(user, 'config.json'), { limitUp: '1M' }],
    ])
    expect(await brief(false, near, user)).toEqual([])
    expect(await brief('bitloom.config.json', near, user)).toEqual([
      [join(near, 'bitloom.config.json'), { limitUp: '2M' }],
    ])
  })

  it('an unknown key is told with its line and the one that was meant; comments are none', async () => {
    writeFileSync(
      join(folder, 'x.json'),
      '{\n  // mine\n  "limitUpp": "1M",\n  "nothing": 1,\n  "options": {"p": 1}\n}',
    )
    const [file] = await loadConfigs('x.json', folder, folder)
    expect(file?.problems.map(problemText)).toEqual([
      `${join(folder, 'x.json')}:3: "limitUpp" is no setting; did you mean "limitUp"?`,
      `${join(folder, 'x.json')}:4: "nothing" is no setting; bitloom config print lists them`,
      `${join(folder, 'x.json')}:5: options: expected an object of options for each plugin`,
    ])
  })

  it.each([
    ['x.json', '{\n"a": }', /x\.json:2 is no JSON: ValueExpected/],
    ['x.json', '', /x\.json.* is no JSON/],
    ['x.json', '[]', /x\.json is no object of settings/],
    ['x.mjs', 'throw new Error("it broke")', /x\.mjs fails: it broke/],
  ])('%s with %j is an error that names it', async (name, text, message) => {
    writeFileSync(join(folder, name), text)
    await expect(loadConfigs(name, folder, folder)).rejects.toThrow(message)
  })

  it('that are named must be there', async () => {
    await expect(loadConfigs('gone.json', folder, folder)).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

it('the unit for systemd starts the daemon with flags that it has', () => {
  const unit = readFileSync(new URL('../systemd/bitloom.service', import.meta.url), 'utf8')
  const [, verb = '', line = ''] = /^ExecStart=\/usr\/bin\/env bitloom (\w+) (.*)$/m.exec(unit) ?? []
  const used = line.split(' ').filter((word) => word.startsWith('-'))
  expect(used).toHaveLength(3)
  expect(used.filter((flag) => !allFlags(verb).includes(flag))).toEqual([])
})

const allFlags = (verb: string): string[] =>
  Object.values(settingsOf(verb)).flatMap(({ flags }) => flags.flatMap((flag) => flag.match(/--[a-z-]+/g) ?? []))

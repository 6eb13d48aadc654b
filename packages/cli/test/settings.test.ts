import { Command } from 'commander'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { loadConfig } from '../src/config.js'
import { normalizeArguments } from '../src/program.js'
import { applySettings, pluginSettings } from '../src/settings.js'
import { collect, parseRate, parseSeedGoal } from '../src/options.js'

const folder = mkdtempSync(join(tmpdir(), 'bitloom-settings-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A small program like the real one. */
function parse(
  args: readonly string[],
  env: Record<string, string>,
  configs: readonly { source: string; values: Record<string, unknown> }[],
  verb = 'download',
): Record<string, unknown> {
  const program = new Command('bitloom').exitOverride().option('--json').option('--plugin <spec>', '', collect)
  const command = program
    .command(verb)
    .option('--no-trackers')
    .option('--limit-down <rate>', '', parseRate)
    .option('--seed [goal]', '', parseSeedGoal)
    .option('-o, --output <dir>', '', '.')
    .action(() => undefined)
  program.parse(normalizeArguments([verb, ...args]), { from: 'user' })
  applySettings(command, env, configs)
  return command.optsWithGlobals()
}

describe('precedence', () => {
  const file = { source: 'near', values: { limitDown: '3M', output: 'file', trackers: false } }
  const far = { source: 'far', values: { limitDown: '4M', json: true, seed: '2' } }

  it('is flag, environment, nearer configuration, farther one, default', () => {
    const env = { BITLOOM_LIMIT_DOWN: '2M' }
    expect(parse(['--limit-down', '1M'], env, [file, far])['limitDown']).toBe(1024 ** 2)
    expect(parse([], env, [file, far])['limitDown']).toBe(2 * 1024 ** 2)
    expect(parse([], {}, [file, far])['limitDown']).toBe(3 * 1024 ** 2)
    expect(parse([], {}, [far])['limitDown']).toBe(4 * 1024 ** 2)
    expect(parse([], {}, [])).toEqual({ output: '.', trackers: true })
  })

  it('reaches options before the verb, switches and their opposites, and optional values', () => {
    expect(parse([], {}, [file, far])).toMatchObject({
      json: true,
      output: 'file',
      trackers: false,
      seed: { ratio: 2 },
    })
    expect(parse([], { BITLOOM_NO_TRACKERS: '1', BITLOOM_JSON: 'no' }, [far])).toMatchObject({
      trackers: false,
      json: false,
    })
    expect(parse([], {}, [{ source: 'x', values: { seed: true } }])['seed']).toEqual({})
    expect(parse([], {}, [{ source: 'x', values: { seed: false } }])['seed']).toBeUndefined()
  })

  it('gathers plugins of all layers, strongest last', () => {
    const configs = [{ source: 'x', values: { plugin: ['a'] } }]
    expect(parse(['--plugin', 'c'], { BITLOOM_PLUGIN: 'b' }, configs)['plugin']).toEqual(['a', 'b', 'c'])
  })

  it('leaves verbs that write torrents to their flags', () => {
    expect(parse([], { BITLOOM_NO_TRACKERS: '1' }, [file], 'edit')).toMatchObject({ trackers: true, output: '.' })
  })

  it('names the variable or file of a wrong value', () => {
    expect(() => parse([], { BITLOOM_LIMIT_DOWN: 'fast' }, [])).toThrow(/^BITLOOM_LIMIT_DOWN: "fast" is no size/)
    expect(() => parse([], { BITLOOM_JSON: 'maybe' }, [])).toThrow(/^BITLOOM_JSON:/)
    expect(() => parse([], {}, [{ source: '/etc/x.json', values: { limitDown: '?' } }])).toThrow(/^\/etc\/x.json:/)
  })
})

describe('an optional value', () => {
  it('is taken only after "="', () => {
    expect(normalizeArguments(['a.torrent', '--seed', 'b'])).toEqual(['a.torrent', '--seed=', 'b'])
    expect(normalizeArguments(['--seed=2', '--', '--seed'])).toEqual(['--seed=2', '--', '--seed'])
    expect(parse(['--seed', '--limit-down', '1K'], {}, [])).toMatchObject({ seed: {}, limitDown: 1024 })
    expect(parse(['--seed=30m'], {}, [])['seed']).toEqual({ durationMs: 1_800_000 })
  })
})

describe('options of plugins', () => {
  it('come weakest first and know where they were set', () => {
    const configs = [
      { source: 'near', values: { options: { p: { a: 2 } } } },
      { source: 'far', values: { options: { p: { a: 1, b: [1] } } } },
    ]
    const settings = pluginSettings(configs, { BITLOOM_SET: 'p.a=3; q.c=x' }, ['p.a=4'])
    expect(settings.map(({ plugin, keys, value, source }) => [plugin, keys.join('.'), value, source])).toEqual([
      ['p', 'a', 1, 'far'],
      ['p', 'b', [1], 'far'],
      ['p', 'a', 2, 'near'],
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

  it('are found in the working folder and the user folder, mjs before json', async () => {
    expect(await loadConfig(undefined, near, user)).toEqual([])
    writeFileSync(join(user, 'config.json'), '{"limitUp":"1M"}')
    writeFileSync(join(near, 'bitloom.config.json'), '{"limitUp":"2M"}')
    writeFileSync(join(near, 'bitloom.config.mjs'), 'export default { plugin: "./x.js", limitUp: "3M" }')
    expect(await loadConfig(undefined, near, user)).toEqual([
      { source: join(near, 'bitloom.config.mjs'), values: { plugin: [join(near, 'x.js')], limitUp: '3M' } },
      { source: join(user, 'config.json'), values: { limitUp: '1M' } },
    ])
    expect(await loadConfig(false, near, user)).toEqual([])
    expect(await loadConfig('bitloom.config.json', near, user)).toMatchObject([{ values: { limitUp: '2M' } }])
  })

  it.each([
    ['{"limitUpp":"1M"}', /x\.json is wrong.*limitUpp/],
    ['{"maxPeers":"many"}', /x\.json is wrong at "maxPeers"/],
    ['{', /x\.json is no JSON/],
  ])('%s is an error that names the file and key', async (text, message) => {
    writeFileSync(join(folder, 'x.json'), text)
    await expect(loadConfig('x.json', folder, folder)).rejects.toThrow(message)
  })

  it('that are named must be there', async () => {
    await expect(loadConfig('gone.json', folder, folder)).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

import { definePlugin, pluginContract } from '@bitloom/core'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { type AnyFactory, loadPlugin, makePlugin } from '../src/plugin-loader.js'

const folder = mkdtempSync(join(tmpdir(), 'bitloom-plugins-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const source = (name: string): string =>
  `const make = () => ({ name: '${name}', contract: 1 }); make.plugin = { name: '${name}', contract: 1, summary: '' }; export default make`

function writePackage(name: string, manifest: Record<string, unknown>, entry: string): void {
  const root = join(folder, 'node_modules', name)
  mkdirSync(join(root, 'lib'), { recursive: true })
  writeFileSync(join(root, 'package.json'), JSON.stringify({ name, type: 'module', ...manifest }))
  writeFileSync(join(root, entry), source(name.replace('@', '').replace('/', '-')))
}

describe('loading plugins', () => {
  writeFileSync(join(folder, 'own.mjs'), source('own'))
  writePackage('plain', {}, 'index.js')
  writePackage('with-main', { main: 'lib/main.js' }, 'lib/main.js')
  writePackage('@scope/exported', { exports: { '.': { types: './x.d.ts', import: './lib/x.js' } } }, 'lib/x.js')
  mkdirSync(join(folder, 'deep/er'), { recursive: true })

  it.each([
    ['./own.mjs', 'own'],
    ['plain', 'plain'],
    ['with-main', 'with-main'],
    ['@scope/exported', 'scope-exported'],
  ])('takes %s', async (spec, name) => expect((await loadPlugin(spec, folder)).plugin.name).toBe(name))

  it('takes absolute paths and packages of folders above', async () => {
    expect((await loadPlugin(join(folder, 'own.mjs'), '/')).plugin.name).toBe('own')
    expect((await loadPlugin('plain', join(folder, 'deep/er'))).plugin.name).toBe('plain')
  })

  it('takes the folder of a package, and says what it lacks', async () => {
    writePackage('built', { exports: './lib/main.js' }, 'lib/main.js')
    const folderOf = (name: string): string => `./node_modules/${name}`
    expect((await loadPlugin(folderOf('built'), folder)).plugin.name).toBe('built')
    expect((await loadPlugin('.', join(folder, folderOf('built')))).plugin.name).toBe('built')
    rmSync(join(folder, folderOf('built'), 'lib/main.js'))
    await expect(loadPlugin(folderOf('built'), folder)).rejects.toMatchObject({
      code: 'PLUGIN_FAILED',
      message: expect.stringMatching(/there is no .*main\.js; is it built\?$/),
    })
    await expect(loadPlugin('./deep', folder)).rejects.toThrow('the folder has no package.json')
  })

  it('names what cannot be loaded', async () => {
    await expect(loadPlugin('./gone.mjs', folder)).rejects.toMatchObject({
      code: 'PLUGIN_FAILED',
      plugin: './gone.mjs',
    })
    writeFileSync(join(folder, 'seven.mjs'), 'export default 7')
    await expect(loadPlugin('./seven.mjs', folder)).rejects.toMatchObject({ code: 'PLUGIN_INVALID' })
  })
})

describe('options of plugins', () => {
  const seen: unknown[] = []
  const factory = definePlugin(
    {
      name: 'p',
      contract: pluginContract,
      summary: '',
      options: z.strictObject({ size: z.number().default(1), deep: z.object({ on: z.boolean() }).optional() }),
    },
    (options) => {
      seen.push(options)
      return {}
    },
  ) as unknown as AnyFactory
  const set = (keys: readonly string[], value: unknown, from: string) => ({
    plugin: 'p',
    keys,
    value,
    origin: { kind: 'flag', flag: from } as const,
  })

  it('are merged, the later one wins, and others are left alone', () => {
    makePlugin(factory, [
      set(['size'], 2, 'file'),
      set(['deep', 'on'], true, 'env'),
      set(['size'], 3, '--set p.size=3'),
      { plugin: 'q', keys: ['x'], value: 1, origin: { kind: 'default' } },
    ])
    expect(seen.at(-1)).toEqual({ size: 3, deep: { on: true } })
  })

  it('that are wrong name the plugin, the key and where it was set', () => {
    expect(() => makePlugin(factory, [set(['sise'], 2, '--set p.sise=2')])).toThrow(
      /p .*sise.*\(set by --set p\.sise=2\)/,
    )
    expect(() => makePlugin(factory, [set(['size'], 'x', 'BITLOOM_SET')])).toThrow(/size.*\(set by BITLOOM_SET\)/)
  })
})

import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createPlugin } from '../src/index.js'
import { type Kind, kindNames, kinds } from '../src/kinds.js'

let folder: string
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'bitloom-create-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const read = (path: string): string => readFileSync(join(folder, path), 'utf8')
const template = (kind: Kind, path: string): string =>
  readFileSync(new URL(`../templates/${kind}/${path}`, import.meta.url), 'utf8')

describe.each(kindNames)('a new %s', (kind) => {
  it('is its template where it has the name of the template', async () => {
    const files = await createPlugin({ folder, name: `my-${kind}`, kind })
    expect(files).toEqual(
      expect.arrayContaining(['.gitignore', 'README.md', 'package.json', 'src/index.ts', `test/my-${kind}.test.ts`]),
    )
    for (const path of ['README.md', 'src/index.ts', `src/my-${kind}.ts`, `test/my-${kind}.test.ts`])
      expect(read(path)).toBe(template(kind, path))
  })

  it('has its own name in every place', async () => {
    const files = await createPlugin({ folder, name: `@me/my-${kind}-2`, kind })
    for (const path of files) expect(`${path}\n${read(path)}`).not.toMatch(new RegExp(`my-?${kind}(?!-?2)`, 'i'))
    expect(read('README.md')).toMatch(new RegExp(`^# @me/my-${kind}-2\n`))
    expect(read('src/index.ts')).toContain(`name: 'my-${kind}-2'`)
    expect(JSON.parse(read('package.json'))).toMatchObject({ name: `@me/my-${kind}-2` })
  })

  it('depends on what it imports', async () => {
    const files = await createPlugin({ folder, name: 'other', kind })
    const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string>>
    const { dependencies = {}, peerDependencies = {}, devDependencies = {} } = manifest
    const importedBy = (path: string): string[] =>
      [...read(path).matchAll(/^(?:import|export) .*'(@?[a-z][^:']*)'$/gm)].map(([, from = '']) =>
        from
          .split('/')
          .slice(0, from.startsWith('@') ? 2 : 1)
          .join('/'),
      )
    const sources = files.filter((path) => path.startsWith('src/')).flatMap(importedBy)
    const others = files.filter((path) => /^test\/|\.mjs$/.test(path)).flatMap(importedBy)
    expect(new Set(sources)).toEqual(new Set(Object.keys({ ...dependencies, ...peerDependencies })))
    expect(Object.keys({ ...dependencies, ...devDependencies })).toEqual(expect.arrayContaining(others))
    expect(
      new Set(
        Object.entries(devDependencies)
          .filter(([name]) => name.startsWith('@bitloom/'))
          .map(([, range]) => range),
      ),
    ).toEqual(new Set([peerDependencies['@bitloom/core']]))
  })
})

describe('making a plugin', () => {
  it('leaves a folder alone that is not empty, unless it is told to', async () => {
    writeFileSync(join(folder, 'README.md'), 'mine')
    writeFileSync(join(folder, 'notes.txt'), 'mine too')
    const options = { folder, name: 'slow', kind: 'hooks' } as const
    await expect(createPlugin(options)).rejects.toThrow(/is not empty.*--force/)
    expect([read('README.md'), readdirSync(folder).length]).toEqual(['mine', 2])
    await createPlugin({ ...options, force: true })
    expect(read('README.md')).toContain('# slow')
    expect(read('notes.txt')).toBe('mine too')
  })

  it('takes a folder with a fresh git repository', async () => {
    mkdirSync(join(folder, '.git'))
    expect(await createPlugin({ folder, name: 'slow', kind: 'hooks' })).toContain('package.json')
  })

  it('does not take a file for a folder', async () => {
    writeFileSync(join(folder, 'file'), '')
    await expect(createPlugin({ folder: join(folder, 'file'), name: 'slow', kind: 'hooks' })).rejects.toThrow(
      /is a file/,
    )
  })

  it('keeps the factory apart from what its files name already', async () => {
    await createPlugin({ folder, name: 'options', kind: 'picker' })
    expect(read('src/index.ts')).toContain('export default optionsPlugin')
    expect(read('src/index.ts')).toContain("name: 'options'")
  })

  it('writes nothing for a bad name', async () => {
    await expect(createPlugin({ folder, name: 'A', kind: 'hooks' })).rejects.toThrow(/cannot be the name/)
    expect(readdirSync(folder)).toEqual([])
  })
})

describe('the templates', () => {
  const root = new URL('../../../', import.meta.url)
  const json = (path: string): { readonly [section: string]: Record<string, string> } =>
    JSON.parse(readFileSync(new URL(path, root), 'utf8'))

  it('use the versions that this repository is tested with', () => {
    const { dependencies, devDependencies } = json('packages/create-plugin/templates/shared/manifest.json')
    const own = { ...json('package.json')['devDependencies'], ...json('packages/cli/package.json')['dependencies'] }
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies }))
      expect(own[name]).toBe(version)
  })

  it('are there for every kind, and no others', () => {
    const folders = readdirSync(new URL('packages/create-plugin/templates', root))
    expect(folders.toSorted()).toEqual([...kindNames, 'shared'].toSorted())
    for (const kind of kindNames) {
      const files = readdirSync(new URL(`packages/create-plugin/templates/${kind}`, root))
      expect(files.includes('compare.mjs')).toBe(kinds[kind].isCompared)
    }
  })
})

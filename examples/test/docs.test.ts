import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const packages = readdirSync(join(root, 'packages'))

/** Every page of the documentation, below the root. */
const pages = ['.', 'docs', ...packages.map((name) => `packages/${name}`)].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: folder === 'docs', encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && name !== 'CHANGELOG.md')
    .map((name) => join(folder, name)),
)

describe('the documentation', () => {
  it.each(pages)('%s links to what is there', (page) => {
    const text = readFileSync(join(root, page), 'utf8').replace(/^```.*?^```/gms, '')
    const targets = [...text.matchAll(/\]\(([^)#]+)[^)]*\)/g)].map(([, target]) => target ?? '')
    const local = targets.filter((target) => !/^[a-z]+:/.test(target))
    expect(local.filter((target) => !existsSync(join(root, dirname(page), target)))).toEqual([])
  })

  it.each(packages)('%s has a page of at most 60 lines', (name) => {
    expect(pages).toContain(`packages/${name}/README.md`)
    expect(
      readFileSync(join(root, 'packages', name, 'README.md'), 'utf8')
        .trimEnd()
        .split('\n').length,
    ).toBeLessThan(61)
  })

  it('names every library that a package is built on', () => {
    const text = readFileSync(join(root, 'docs/DEPENDENCIES.md'), 'utf8')
    const manifests = ['package.json', ...packages.map((name) => `packages/${name}/package.json`)]
    const libraries = manifests.flatMap((path) => {
      const { dependencies = {}, devDependencies = {} } = JSON.parse(readFileSync(join(root, path), 'utf8')) as Manifest
      return Object.keys({ ...dependencies, ...devDependencies })
    })
    const own = (name: string): boolean => name.startsWith('@bitloom/')
    expect(libraries.filter((name) => !own(name) && !text.includes(`\`${name}\``))).toEqual([])
  })
})

interface Manifest {
  readonly dependencies?: Record<string, string>
  readonly devDependencies?: Record<string, string>
}

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (path: string): unknown => JSON.parse(readFileSync(join(root, path), 'utf8'))

interface Locked {
  readonly resolved?: string
  readonly integrity?: string
  readonly hasInstallScript?: boolean
  readonly link?: boolean
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const { packages } = read('package-lock.json') as { readonly packages: Readonly<Record<string, Locked>> }

/** Where the lock has a dependency of the package at `from`: the nearest one, as Node looks for it. */
function locate(name: string, from: string): string | undefined {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/')))) {
    const path = at === '' ? `node_modules/${name}` : `${at}/node_modules/${name}`
    if (path in packages) return path
    if (at === '') return undefined
  }
}

const published = readdirSync(join(root, 'packages')).filter(
  (name) => (read(`packages/${name}/package.json`) as { private?: boolean }).private !== true,
)

/** Foreign packages that are installed with one of ours, by their place in the lock. */
function installedWith(name: string): Map<string, Locked> {
  const found = new Map<string, Locked>()
  const waiting = [`packages/${name}`]
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const locked = packages[path] ?? {}
    for (const needed of Object.keys({ ...locked.dependencies, ...locked.optionalDependencies })) {
      if (needed.startsWith('@bitloom/')) continue
      const at = locate(needed, path)
      if (at === undefined) throw new Error(`the lock has no ${needed} for ${path}`)
      if (found.has(at)) continue
      found.set(at, packages[at] ?? {})
      waiting.push(at)
    }
  }
  return found
}

// docs/DEPENDENCIES.md says what each is for. Most of what `lab` brings is d3, in small packages.
const most: Readonly<Record<string, number>> = { cli: 40, core: 12, lab: 65 }

it.each(published)('%s brings few packages, and none that runs anything when it is installed', (name) => {
  const all = installedWith(name)
  expect(all.size).toBeLessThanOrEqual(most[name] ?? 5)
  expect([...all].filter(([, { hasInstallScript }]) => hasInstallScript === true)).toEqual([])
  const { scripts = {} } = read(`packages/${name}/package.json`) as { scripts?: Record<string, string> }
  expect(Object.keys(scripts).filter((script) => /^(pre|post)?install$|^prepare$/.test(script))).toEqual([])
})

it('the lock has a hash of every package, and names no host', () => {
  const foreign = Object.entries(packages).filter(([path, { link }]) => path.includes('node_modules/') && link !== true)
  expect(foreign.filter(([, { integrity }]) => integrity === undefined).map(([path]) => path)).toEqual([])
  expect(foreign.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path)).toEqual([])
})

import { readFile, readdir } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Kind, type KindFacts, kinds } from './kinds.js'
import type { Names } from './names.js'

const templates = fileURLToPath(new URL('../templates/', import.meta.url))

/** A file of a new plugin, with its path in the plugin's folder. */
export interface PluginFile {
  readonly path: string
  readonly text: string
}

/** All files of a new plugin: those that all kinds share, and those of its kind, with its names in them. */
export async function pluginFiles(kind: Kind, names: Names, version: string): Promise<PluginFile[]> {
  const files = [...(await readFolder('shared')), ...(await readFolder(kind))]
  const rename = renamer(kind, names, files)
  return files.map(({ path, text }) => {
    if (path === 'manifest.json') return { path: 'package.json', text: manifestOf(text, kind, names, version) }
    return { path: path === 'gitignore' ? '.gitignore' : rename(path), text: rename(text) }
  })
}

async function readFolder(name: string): Promise<PluginFile[]> {
  const root = join(templates, name)
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return Promise.all(
    paths.toSorted().map(async (path) => ({
      path: path.slice(root.length + 1).replaceAll(sep, '/'),
      text: await readFile(path, 'utf8'),
    })),
  )
}

/** Puts the names of the plugin where those of the template are. */
function renamer(kind: Kind, names: Names, files: readonly PluginFile[]): (text: string) => string {
  const factory = `my${kind.charAt(0).toUpperCase()}${kind.slice(1)}`
  // A factory must not be named as something else in its files is.
  const words = new Set(files.flatMap(({ text }) => text.match(/\w+/g) ?? []))
  const isTaken = names.factory !== factory && words.has(names.factory)
  const ownFactory = isTaken ? `${names.factory}Plugin` : names.factory
  const found = new RegExp(`(^# |npm install @bitloom/core |--plugin )?\\bmy-${kind}\\b|\\b${factory}\\b`, 'gm')
  return (text) =>
    text.replaceAll(found, (match: string, before?: string) => {
      if (match === factory) return ownFactory
      return before === undefined ? names.plugin : `${before}${names.package}`
    })
}

interface Manifest {
  readonly scripts: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly [key: string]: unknown
}

/** The package.json (a manifest.json in the template, for a package inside a package confuses tools) with what this kind needs; packages of ours in the range of `version`. */
function manifestOf(text: string, kind: Kind, names: Names, version: string): string {
  const { title, summary, testedWith, hasOptions, isCompared }: KindFacts = kinds[kind]
  const template = JSON.parse(text) as Manifest
  const { compare: _, ...usual } = template.scripts
  const range = `^${version.replace(/\.\d+([-+].*)?$/, '.0')}`
  const ours = ['core', 'cli', ...testedWith].map((name) => [`@bitloom/${name}`, range])
  const devDependencies = Object.fromEntries([...ours, ...Object.entries(template.devDependencies)].sort())
  const manifest = {
    ...template,
    name: names.package,
    description: `${title.charAt(0).toUpperCase()}${title.slice(1)} for Bitloom: ${summary}`,
    scripts: isCompared ? template.scripts : usual,
    dependencies: hasOptions ? template.dependencies : undefined,
    peerDependencies: { '@bitloom/core': range },
    devDependencies,
  }
  return `${JSON.stringify(manifest, undefined, 2)}\n`
}

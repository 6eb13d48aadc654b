import { builtinModules } from 'node:module'

/** The names of a plugin. */
export interface Names {
  /** Of the npm package, with its scope: "@me/my-picker". */
  readonly package: string
  /** Of the plugin, of what it binds and of its files: the same without the scope. */
  readonly plugin: string
  /** Of its factory: "myPicker". */
  readonly factory: string
}

/** A name or a folder that cannot be used; the message says why, in one sentence. */
export class CreateError extends Error {}

const packageName = /^(?:@[a-z0-9][a-z0-9._-]*\/)?[a-z][a-z0-9-]*$/
const longestName = 214

/** Words that no constant of a module can be named by. */
const reserved = new Set(
  (
    'arguments await break case catch class const continue debugger default delete do else enum eval export extends false ' +
    'finally for function if implements import in instanceof interface let new null package private protected public return ' +
    'static super switch this throw true try typeof var void while with yield'
  ).split(' '),
)

/**
 * Names from the name of an npm package.
 * @throws CreateError for a name that npm or a plugin cannot have
 */
export function namesOf(text: string): Names {
  if (!packageName.test(text) || text.length > longestName) {
    throw new CreateError(
      `"${text}" cannot be the name of a plugin: use small letters, digits and hyphens, beginning with a letter, such as my-picker or @me/my-picker`,
    )
  }
  const plugin = text.slice(text.indexOf('/') + 1)
  if (builtinModules.includes(text) || text === 'node-modules' || text === 'favicon') {
    throw new CreateError(`"${text}" is the name of something else for Node: choose another`)
  }
  return { package: text, plugin, factory: factoryOf(plugin) }
}

/** "my-picker" → "myPicker"; words of the language get "Plugin" behind them. */
function factoryOf(plugin: string): string {
  const camel = plugin.replaceAll(/-+(.?)/g, (_, letter: string) => letter.toUpperCase())
  return reserved.has(camel) ? `${camel}Plugin` : camel
}

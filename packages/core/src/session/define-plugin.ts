import { PluginError } from '../bytes/errors.js'
import type { DefinePlugin, Plugin, PluginCard, StandardResult } from './plugin.js'

/**
 * Makes a plugin factory from its card and a function of options: the usual way to write a default export. A schema
 * sees `{}` where no options are given, so that its defaults apply; a card without a schema takes no options.
 * The factory throws PluginError PLUGIN_OPTIONS naming the plugin, the key and what was expected.
 */
export const definePlugin: DefinePlugin = (card, make) => {
  const { name, contract } = card
  const factory = (options?: unknown): Plugin => {
    const parts = make(checkOptions(card, options))
    return {
      name,
      contract,
      requires: parts.requires ?? [],
      bind: (bindings) => parts.bind?.(bindings),
      apply: (host) => parts.apply?.(host),
    }
  }
  return Object.assign(factory, { plugin: card })
}

function checkOptions<O, I>(card: PluginCard<O, I>, options: unknown): O {
  const schema = card.options
  if (schema === undefined) {
    if (options === undefined || isEmpty(options)) return undefined as O
    throw wrongOptions(card.name, `the plugin ${card.name} takes no options`)
  }
  const result = schema['~standard'].validate(options ?? {})
  if ('then' in result) {
    throw wrongOptions(
      card.name,
      `the option schema of the plugin ${card.name} answers asynchronously, which is not supported`,
    )
  }
  if (result.issues === undefined) return result.value
  throw wrongOptions(card.name, `the plugin ${card.name} got wrong options: ${sentenceOf(result.issues)}`)
}

function wrongOptions(plugin: string, message: string): PluginError {
  return new PluginError('PLUGIN_OPTIONS', message, { plugin, hook: 'options' })
}

type Issues = NonNullable<StandardResult<unknown>['issues']>

function sentenceOf(issues: Issues): string {
  return issues
    .map(({ message, path = [] }) => [keyOf(path), message].filter((part) => part !== '').join(': '))
    .join('; ')
}

function keyOf(path: NonNullable<Issues[number]['path']>): string {
  return path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.')
}

function isEmpty(options: unknown): boolean {
  return typeof options === 'object' && options !== null && Object.keys(options).length === 0
}

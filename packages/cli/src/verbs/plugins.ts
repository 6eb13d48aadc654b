import { formatDescription, type SessionDescription } from '@bitloom/core'
import * as z from 'zod'
import { CliError } from '../exit-codes.js'
import type { AnyFactory } from '../plugin-loader.js'
import type { Runtime } from '../runtime.js'
import { openSession } from '../session.js'

type Described = SessionDescription['plugins'][number]

/** `plugins [list|info NAME]`: loaded plugins, what each binds and taps, in order. */
export async function plugins(runtime: Runtime, [action = 'list', name]: readonly string[]): Promise<number> {
  if (action !== 'list' && action !== 'info') throw new CliError('USAGE', `plugins ${action}: write list or info NAME`)
  if (action === 'info' && name === undefined) throw new CliError('USAGE', 'plugins info: name a plugin')
  const { session, factories } = await openSession(runtime, { listen: false })
  const described = session.describe().plugins.filter((plugin) => plugin.name !== 'cli')
  await session.close()
  return action === 'list' ? list(runtime, described) : info(runtime, described, factories, name ?? '')
}

function list({ output }: Runtime, described: readonly Described[]): number {
  output.document({ plugins: described })
  output.result(formatDescription({ plugins: described }))
  return 0
}

function info(
  { output }: Runtime,
  described: readonly Described[],
  factories: readonly AnyFactory[],
  name: string,
): number {
  const plugin = described.find((candidate) => candidate.name === name)
  if (plugin === undefined) {
    throw new CliError(
      'NOT_FOUND',
      `There is no plugin ${name}; there are ${described.map((each) => each.name).join(', ')}`,
    )
  }
  const card = factories.find((make) => make.plugin.name === name)?.plugin
  const options = optionsSchema(card?.options)
  output.document({ ...plugin, summary: card?.summary, options })
  const rows = Object.entries(options?.properties ?? {}).map(([key, property]) => {
    const { description, default: value } = property
    const usual = value === undefined ? '' : ` (default ${JSON.stringify(value)})`
    return `  ${key}: ${typeText(property)}${usual}${description === undefined ? '' : `  ${description}`}`
  })
  output.result(
    [formatDescription({ plugins: [plugin] }), ...(card === undefined ? [] : [`  ${card.summary}`]), ...rows].join(
      '\n',
    ),
  )
  return 0
}

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, PropertySchema>>
}

interface PropertySchema {
  readonly description?: string
  readonly default?: unknown
  readonly type?: string
  readonly anyOf?: readonly PropertySchema[]
}

function typeText({ type, anyOf }: PropertySchema): string {
  return type ?? anyOf?.map(typeText).join(' or ') ?? 'any'
}

/** The options as JSON Schema, where the plugin's schema is one of zod. */
function optionsSchema(schema: AnyFactory['plugin']['options']): ObjectSchema | undefined {
  if (schema === undefined || schema['~standard'].vendor !== 'zod') return undefined
  try {
    return z.toJSONSchema(schema as unknown as z.ZodType, { io: 'input', unrepresentable: 'any' }) as ObjectSchema
  } catch {
    return undefined
  }
}

import { describe, expect, it } from 'vitest'
import { definePlugin } from '../src/session/define-plugin.js'
import { pluginContract, type StandardResult, type StandardSchema } from '../src/session/plugin.js'

interface Options {
  readonly slots: number
}

function schema(
  validate: (value: unknown) => StandardResult<Options> | Promise<StandardResult<Options>>,
): StandardSchema<Options> {
  return { '~standard': { version: 1, vendor: 'test', validate } }
}

const card = { name: 'slotty', contract: pluginContract, summary: 'tests slots' }

const slotty = (validate: Parameters<typeof schema>[0]) =>
  definePlugin<Options>({ ...card, options: schema(validate) }, ({ slots }) => ({
    apply: (host) => host.log.info(`${slots} slots`),
  }))

const wrong = { code: 'PLUGIN_OPTIONS', plugin: 'slotty' }

describe('a defined plugin', () => {
  it('carries its card, and makes plugins by its name and contract', () => {
    const factory = slotty(() => ({ value: { slots: 1 } }))
    expect(factory.plugin).toMatchObject(card)
    expect(factory()).toMatchObject({ name: 'slotty', contract: pluginContract })
  })

  it('gets what the schema made of the options, defaults included', () => {
    const lines: string[] = []
    const factory = slotty((value) => ({ value: { slots: 5, ...(value as object) } }))
    const host = { log: { info: (line: string) => void lines.push(line) } } as never
    void factory().apply?.(host)
    void factory({ slots: 7 }).apply?.(host)
    expect(lines).toEqual(['5 slots', '7 slots'])
  })

  it('keeps methods of a class that it is made as', () => {
    class Parts {
      readonly requires = []
      bind(): void {
        throw new Error('bound')
      }
    }
    const factory = definePlugin(card, () => new Parts())
    expect(() => factory().bind?.({} as never)).toThrow('bound')
  })

  it('names the plugin, the key and what was expected', () => {
    const issues = [
      { message: 'must be a number', path: ['upload', { key: 'slots' }] },
      { message: 'is no option', path: ['colour'] },
      { message: 'too few' },
    ]
    expect(() => slotty(() => ({ issues }))()).toThrow(
      expect.objectContaining({
        ...wrong,
        message: 'the plugin slotty got wrong options: upload.slots: must be a number; colour: is no option; too few',
      }),
    )
  })

  it('refuses a schema that answers later', () => {
    expect(() => slotty(async () => ({ value: { slots: 1 } }))()).toThrow(expect.objectContaining(wrong))
  })

  it('takes no options without a schema', () => {
    const factory = definePlugin<Options>(card, () => ({}))
    expect(() => factory({ slots: 1 })).toThrow(expect.objectContaining(wrong))
    expect(factory({} as Options).name).toBe('slotty')
  })
})

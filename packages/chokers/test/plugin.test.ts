import { readFileSync } from 'node:fs'
import { type Bindings, Choker, type Plugin, pluginContract } from '@bitloom/core'
import { describe, expect, it } from 'vitest'
import plugin, { chokers, type ChokersOptions } from '../src/index.js'

/** What the plugin binds as `Choker`, in order. */
function bound(made: Plugin): Choker[] {
  const all: Choker[] = []
  made.bind?.({ value: (port: unknown, value: Choker) => port === Choker && all.push(value) } as unknown as Bindings)
  return all
}

const names = ['rate-based', 'round-robin', 'anti-leech', 'bit-tyrant', 'prop-share']

describe('the plugin', () => {
  it('binds its chokers for those who name them', () => {
    expect(bound(plugin()).map(({ name }) => name)).toEqual(names)
    expect(bound(plugin()).every(({ onlyByName }) => onlyByName === true)).toBe(true)
  })

  it('makes one of them the default, if told so', () => {
    const defaults = bound(chokers({ default: 'prop-share' })).filter(({ onlyByName }) => onlyByName !== true)
    expect(defaults.map(({ name }) => name)).toEqual(['prop-share'])
  })

  it('is the default export, with its card', () => {
    expect(plugin).toBe(chokers)
    expect(plugin.plugin).toMatchObject({ name: 'chokers', contract: pluginContract })
  })

  it.each([
    [{ default: 'tit-for-tat' }, `default: must be one of ${names.join(', ')}`],
    [{ uploadBytesPerSecond: 0 }, 'uploadBytesPerSecond: must be a number above 0'],
    [{ turnPieces: 1.5 }, 'turnPieces: must be a whole number above 0'],
    [{ toString: 1 }, 'toString: is no option'],
    [[], 'must be an object'],
  ])('refuses %j', (options, message) => {
    expect(() => chokers(options as ChokersOptions)).toThrow(message)
  })

  it('has all its chokers in the README', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
    for (const name of names) expect(readme).toContain(`\`${name}\``)
  })
})

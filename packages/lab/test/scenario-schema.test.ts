import { describe, expect, it } from 'vitest'
import { checkScenario } from '../src/scenario-schema.js'
import { scenario } from './hand-made.js'

const [seeder, peers] = scenario.swarm.groups
const withGroup = (changes: object) => ({
  ...scenario,
  swarm: { ...scenario.swarm, groups: [seeder, { ...peers, ...changes }] },
})
const withStrategy = (changes: object) => ({ ...scenario, strategies: [{ name: 'one', ...changes }] })

const rows: readonly (readonly [string, unknown, RegExp])[] = [
  ['nothing', undefined, /my\.mjs is no scenario: the default export: /],
  ['a function', () => scenario, /the default export: /],
  ['a key that it does not know', { ...scenario, speed: 1 }, /unrecognized key: "speed"/],
  ['no swarm', { ...scenario, swarm: undefined }, /swarm: /],
  [
    'no groups',
    { ...scenario, swarm: { ...scenario.swarm, groups: [] } },
    /swarm\.groups: must name at least one group/,
  ],
  ['a count that is text', withGroup({ count: '3' }), /swarm\.groups\[1\]\.count: .*expected number/],
  ['a rate of nothing', withGroup({ upBytesPerSecond: 0 }), /groups\[1\]\.upBytesPerSecond: too small/],
  ['a misspelt behaviour', withGroup({ behaviour: 'freerider' }), /groups\[1\]\.behaviour: .*"free-rider"/],
  ['a misspelt arrival', withGroup({ arrive: { over: 5 } }), /groups\[1\]\.arrive/],
  ['a wrong arrival', withGroup({ arrive: { overMs: -1 } }), /groups\[1\]\.arrive\.overMs: too small/],
  ['a misspelt key of a group', withGroup({ uploadSlot: 4 }), /groups\[1\]: unrecognized key: "uploadSlot"/],
  ['plugins that are no function', withGroup({ plugins: [] }), /groups\[1\]\.plugins: must be a function/],
  ['no strategies', { ...scenario, strategies: [] }, /strategies: must name at least one strategy/],
  ['a picker that is no name', withStrategy({ picker: 7 }), /strategies\[0\]\.picker: .*expected string/],
  ['a name with a line break', withStrategy({ name: 'a\nb' }), /strategies\[0\]\.name: must be a short name/],
  [
    'a group that is not there',
    withStrategy({ groups: { nobody: {} } }),
    /strategies\[0\]\.groups: there is no group nobody, only seeder, peers/,
  ],
  ['a name of a group in a strategy', withStrategy({ groups: { peers: { name: 'x' } } }), /unrecognized key: "name"/],
  ['measured peers that are not there', { ...scenario, measure: ['x'] }, /measure\[0\]: there is no group x/],
  ['a baseline that is not there', { ...scenario, baseline: 'x' }, /baseline: there is no strategy x/],
  ['a figure that is not there', { ...scenario, metrics: ['speeed'] }, /metrics\[0\]: .*"speed"/],
  ['half a seed', { ...scenario, seeds: 1.5 }, /seeds: .*int/],
  ['a quick count of nobody', { ...scenario, quick: { counts: { x: 1 } } }, /quick\.counts: there is no group x/],
]

describe('a scenario', () => {
  it('is taken as it is', () => expect(checkScenario(scenario, 'my.mjs')).toEqual(scenario))

  it('may have links without limit, plugins, and groups that a strategy leaves out', () => {
    const plugins = () => []
    const full = {
      ...withGroup({
        upBytesPerSecond: Infinity,
        arrive: { poissonPerMinute: 3 },
        leave: { afterWholeMs: 0 },
        plugins,
      }),
      strategies: [{ name: 'a b', plugins, groups: { peers: { count: 0, limits: { uploadSlots: 2 } } } }],
    }
    expect(checkScenario(full, 'my.mjs')).toEqual(full)
  })

  it.each(rows)('with %s is refused by its key', (_, value, says) => {
    expect(() => checkScenario(value, 'my.mjs')).toThrow(says)
    expect(() => checkScenario(value, 'my.mjs')).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })

  it('is told all its faults at once', () => {
    const twice = { ...scenario, strategies: [{ name: 'a' }, { name: 'a' }], baseline: 'b', measure: ['c'] }
    expect(() => checkScenario(twice, 'my.mjs')).toThrow(/called a; baseline: .* b; measure\[0\]: .* c/)
  })
})

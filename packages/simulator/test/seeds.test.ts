import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { checkSeeds, replayLine } from '../src/index.js'

const place = { project: 'simulator', file: 'swarm.sim' }

beforeEach(() => vi.stubEnv('SIM_SEED', undefined))
afterEach(() => vi.unstubAllEnvs())

/** The seeds that are checked, until one of them fails. */
async function seedsOf(check: (seed: string) => void = () => {}): Promise<string[]> {
  const seeds: string[] = []
  await checkSeeds(place, ['1', '2'], async (seed) => {
    seeds.push(seed)
    check(seed)
  })
  return seeds
}

describe('a check for seeds', () => {
  it('runs for the fixed ones, and for one that nobody tried when that is wanted', async () => {
    expect(await seedsOf()).toEqual(['1', '2'])
    vi.stubEnv('SIM_SEED', 'fresh')
    expect(await seedsOf()).toEqual([expect.stringMatching(/^fresh-[0-9a-z]+$/)])
  })

  it('that fails says which seed it was, how to run it again, and what was wrong', async () => {
    const cause = new Error('expected 3 to be 4')
    const failing = seedsOf((seed) => {
      if (seed === '2') throw cause
    })
    const line = 'replay: SIM_SEED=2 npx vitest run --project simulator swarm.sim'
    await expect(failing).rejects.toMatchObject({ message: `${line}\nexpected 3 to be 4`, cause })
    expect(replayLine(place, '2')).toBe(line)
  })

  it('names a fresh seed too, and that seed alone is run when the environment says so', async () => {
    let message = ''
    vi.stubEnv('SIM_SEED', 'fresh')
    const failing = seedsOf((seed) => {
      if (seed.startsWith('fresh-')) throw new Error('wrong')
    })
    await failing.catch((error: unknown) => (message = String(error)))
    const seed = /SIM_SEED=(\S+)/.exec(message)?.[1]
    expect(seed).toMatch(/^fresh-/)
    vi.stubEnv('SIM_SEED', seed)
    expect(await seedsOf()).toEqual([seed])
  })
})

import * as fc from 'fast-check'
import { describe, it } from 'vitest'
import { finds } from '../src/finds.js'
import { targets } from '../src/targets.js'

const seed = Number(process.env['BITLOOM_FUZZ_SEED'] ?? Date.now() % 2 ** 31)
const numRuns = Number(process.env['BITLOOM_FUZZ_RUNS'] ?? 20_000)

// What fails says its seed and path; BITLOOM_FUZZ_SEED repeats a run.
describe.each(targets)('$name', ({ name, property, try: again }) => {
  it(`holds for ${numRuns.toLocaleString('en')} inputs`, async () => {
    await fc.assert(property, { numRuns, seed })
  }, 300_000)

  it('holds for what once broke it', async () => {
    for (const { name: file, input } of finds(name)) {
      try {
        await again(input)
      } catch (cause) {
        throw new Error(`fuzz/finds/${name}/${file}`, { cause })
      }
    }
  })
})

/** Where a simulation test stands, for the line that replays it. */
export interface TestPlace {
  /** The vitest project (the package's folder). */
  readonly project: string
  /** A part of the file's name that tells it from others. */
  readonly file: string
}

/**
 * Runs a check for fixed seeds, so that a change is judged by the same runs every time; where the environment says
 * `SIM_SEED=…`, for that seed alone, and with `SIM_SEED=fresh` for one that was never tried. A failure names its seed and
 * the line that replays it.
 */
export async function checkSeeds(
  place: TestPlace,
  fixed: readonly string[],
  check: (seed: string) => Promise<void>,
): Promise<void> {
  const wanted = process.env['SIM_SEED']
  const seeds = wanted === undefined ? fixed : [wanted === 'fresh' ? freshSeed() : wanted]
  for (const seed of seeds) {
    try {
      await check(seed)
    } catch (cause) {
      const what = cause instanceof Error ? cause.message : String(cause)
      throw new Error(`${replayLine(place, seed)}\n${what}`, { cause })
    }
  }
}

/** `SIM_SEED=7 npx vitest run --project simulator swarm.sim` */
export function replayLine(place: TestPlace, seed: string): string {
  return `replay: SIM_SEED=${seed} npx vitest run --project ${place.project} ${place.file}`
}

/** Another one at every run, short enough to type. */
function freshSeed(): string {
  return `fresh-${(Date.now() % 1_000_000_000).toString(36)}`
}

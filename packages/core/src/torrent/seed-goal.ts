/** Until when a whole torrent seeds; absent or `undefined` = without end. */
export interface SeedLimits {
  /** Uploaded bytes by wanted bytes, of all sessions. */
  readonly seedRatio?: number | undefined
  /** Time in the state `seeding`, of all sessions. */
  readonly seedMs?: number | undefined
}

/** How far it has come, over all sessions. */
export interface Seeded {
  readonly uploadedBytes: number
  readonly wantedBytes: number
  readonly seedingMs: number
}

/** The limits that hold for a torrent: its own, else those of its session. `Infinity` of its own lifts the session's. */
export function seedLimits(own: SeedLimits, session: SeedLimits): SeedLimits {
  return { seedRatio: own.seedRatio ?? session.seedRatio, seedMs: own.seedMs ?? session.seedMs }
}

/** Which limit has been reached, if any. */
export function seedGoal({ seedRatio, seedMs }: SeedLimits, seeded: Seeded): keyof SeedLimits | undefined {
  const { uploadedBytes, wantedBytes } = seeded
  if (seedRatio !== undefined && wantedBytes > 0 && uploadedBytes >= seedRatio * wantedBytes) return 'seedRatio'
  return seedMs !== undefined && seeded.seedingMs >= seedMs ? 'seedMs' : undefined
}

/** How long a torrent has been in the state `seeding` in this session. */
export class SeedingTime {
  #beforeMs = 0
  #sinceMs: number | undefined

  run(isSeeding: boolean, nowMs: number): void {
    const spentMs = this.at(nowMs)
    this.#sinceMs = isSeeding ? nowMs : undefined
    this.#beforeMs = spentMs
  }

  at(nowMs: number): number {
    return this.#beforeMs + (this.#sinceMs === undefined ? 0 : nowMs - this.#sinceMs)
  }
}

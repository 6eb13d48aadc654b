import * as z from 'zod'

/** Options of the plugin. Everything may be left out. */
export const optionsSchema = z.strictObject({
  piecesAtOnce: z
    .number()
    .int()
    .min(1)
    .max(64)
    .default(1)
    .describe('Pieces that a peer is shown before one of them has to turn up at another peer'),
  untilSeeds: z
    .number()
    .int()
    .min(0)
    .max(1_000)
    .default(2)
    .describe('With so many other seeds everything is shown; 0 = never'),
  patienceMs: z
    .number()
    .int()
    .min(1_000)
    .max(86_400_000)
    .default(60_000)
    .describe('After so long a peer that has its piece, or does not want it, is shown another one all the same'),
  torrents: z
    .array(z.string().regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/i, 'expected an info-hash of 40 or 64 hex digits'))
    .default([])
    .describe('Info-hashes of the torrents to super-seed; none = all'),
})

/** What may be given. */
export type SuperSeedingOptions = z.input<typeof optionsSchema>
/** What the schema makes of it. */
export type SuperSeedingSettings = z.output<typeof optionsSchema>

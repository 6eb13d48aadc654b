import * as z from 'zod'
import { parseListLine } from './list-format.js'

const texts = z.union([z.string(), z.array(z.string())])
const listOf = (value: string | readonly string[]): readonly string[] => (typeof value === 'string' ? [value] : value)

/** Addresses, networks and ranges as in a list; one or several. */
const ranges = texts
  .default([])
  .superRefine((value, context) => {
    for (const [index, text] of listOf(value).entries()) {
      if (typeof parseListLine(text) === 'object') continue
      const path = typeof value === 'string' ? [] : [index]
      context.addIssue({ code: 'custom', message: `"${text}" is no range of addresses`, path })
    }
  })
  .transform((value) => listOf(value).flatMap((text) => rangesIn(text)))

function rangesIn(text: string) {
  const range = parseListLine(text)
  return typeof range === 'object' ? [range] : []
}

/** Options of the plugin. Everything may be left out. */
export const optionsSchema = z.strictObject({
  lists: texts
    .default([])
    .transform(listOf)
    .describe('Files of ranges to keep out: PeerGuardian, eMule or CIDR lines, plain or gzip'),
  block: ranges.describe('Addresses, networks and ranges to keep out: "10.9.0.0/16", "2001:db8::/32"'),
  allow: ranges.describe('The same, let in whatever the lists and `block` say'),
  strict: z.boolean().default(false).describe('Refuse a list with a wrong line, instead of leaving out the line'),
  maxListBytes: z.number().int().min(1).default(268_435_456).describe('Largest list, counted after decompression'),
  maxRanges: z.number().int().min(1).default(2_000_000).describe('Most ranges of all lists together'),
  reloadMs: z
    .number()
    .int()
    .min(0)
    .default(60_000)
    .describe('How often lists are looked at for changes, and read again; 0 = never'),
  clients: texts
    .default([])
    .transform(listOf)
    .describe('Clients to keep out, by name or peer id: "Xunlei*", "-XL0012-*"'),
  leechBytes: z
    .number()
    .int()
    .min(0)
    .default(0)
    .describe('A peer that takes so much within `leechMs`, and gives too little, is banned; 0 = nobody is'),
  leechRatio: z
    .number()
    .min(0)
    .max(1)
    .default(0.05)
    .describe('The part of what it takes that a peer has to give, while it has something that is wanted'),
  leechMs: z.number().int().min(10_000).default(300_000).describe('The time that it has for it'),
  banMs: z.number().int().min(1).default(3_600_000).describe('How long clients and leeches are banned'),
})

/** What may be given. */
export type AdmissionOptions = z.input<typeof optionsSchema>
/** What the schema makes of it. */
export type AdmissionSettings = z.output<typeof optionsSchema>

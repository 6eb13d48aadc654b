import type { TraceRecord } from '@bitloom/core'
import * as z from 'zod'

const about = { atMs: z.number(), session: z.string().optional() }
const torrent = { ...about, torrent: z.string() }
const peer = { ...torrent, peer: z.number(), address: z.string() }
const waiting = ['loading', 'fetching-metadata', 'checking', 'queued', 'paused', 'blocked', 'failed'] as const
const state = z.enum([...waiting, 'downloading', 'seeding'])
const stage = z.enum(['known', 'dial', 'accept', 'handshake', 'extended'])
const choke = {
  ...peer,
  changed: z.boolean(),
  rank: z.number().optional(),
  slots: z.number(),
  downRate: z.number(),
  upRate: z.number(),
  snubbed: z.boolean(),
  seeding: z.boolean(),
  choker: z.string(),
  changedBy: z.array(z.string()),
}

/** Every record of core's `TraceRecord`, as JSON brings it back. What else stands in a record (`time`) is left alone. */
const records = {
  torrent: z.looseObject({
    ...torrent,
    name: z.string(),
    infoHash: z.string(),
    pieceCount: z.number(),
    pieceLengthBytes: z.number(),
    state,
  }),
  state: z.looseObject({ ...torrent, state, reason: z.string().optional() }),
  join: z.looseObject({ ...peer, client: z.string().optional(), outgoing: z.boolean() }),
  leave: z.looseObject({ ...peer, reason: z.string(), downloadedBytes: z.number(), uploadedBytes: z.number() }),
  pick: z.looseObject({
    ...peer,
    piece: z.number(),
    blocks: z.number(),
    firstBlock: z.number(),
    by: z.enum(['tap', 'picker', 'endgame']),
    name: z.string().optional(),
    reason: z.string(),
    busy: z.boolean(),
    availability: z.number(),
    priority: z.number(),
    allowedFast: z.boolean(),
  }),
  unchoke: z.looseObject({ ...choke, reason: z.string(), uploadBytesPerSecond: z.number().optional() }),
  choke: z.looseObject({ ...choke, reason: z.enum(['not interested', 'not on the list', 'no slot left']) }),
  refuse: z.looseObject({
    ...about,
    torrent: z.string().optional(),
    stage,
    address: z.string(),
    source: z.string(),
    plugin: z.string().optional(),
    reason: z.string(),
    banMs: z.number().optional(),
  }),
  ban: z.looseObject({ ...torrent, host: z.string(), forMs: z.number(), reason: z.string() }),
  'block-rejected': z.looseObject({
    ...peer,
    piece: z.number(),
    begin: z.number(),
    plugin: z.string(),
    times: z.number(),
  }),
  'piece-verified': z.looseObject({ ...torrent, piece: z.number() }),
  'piece-rejected': z.looseObject({
    ...torrent,
    piece: z.number(),
    contributors: z.array(z.looseObject({ peer: z.number(), address: z.string() })),
  }),
  'announce-skipped': z.looseObject({
    ...torrent,
    url: z.string(),
    announce: z.enum(['started', 'completed', 'stopped']).optional(),
    plugin: z.string(),
    reason: z.string(),
  }),
  strategy: z.looseObject({
    ...torrent,
    kind: z.enum(['picker', 'choker']),
    from: z.string().optional(),
    to: z.string().optional(),
    reason: z.string(),
  }),
  limit: z.looseObject({
    ...torrent,
    downBytesPerSecond: z.number().optional(),
    upBytesPerSecond: z.number().optional(),
    maxPeers: z.number().optional(),
    uploadSlots: z.number().optional(),
    seedRatio: z.number().nullish(),
    seedMs: z.number().nullish(),
  }),
} as const satisfies Record<TraceRecord['event'], z.ZodType>

/** The kinds of records there are. */
export const traceEvents = Object.keys(records) as readonly TraceRecord['event'][]

/** A record; a text says what is wrong with it; `undefined` = an event of another kind (of `--json`, or of a newer version). */
export function readRecord(value: unknown): TraceRecord | string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'it is no object'
  if (!('event' in value) || typeof value.event !== 'string') return 'it has no event'
  if (!Object.hasOwn(records, value.event)) return undefined
  const result = records[value.event as TraceRecord['event']].safeParse(value)
  if (result.success) return value as TraceRecord
  const [issue] = result.error.issues
  return `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'it is wrong'}`
}

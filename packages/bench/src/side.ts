import { spawnSync } from 'node:child_process'
import { bitloom, bitloomOn, bitloomOnOneCore } from '@bitloom/interop/clients/bitloom'
import type { Client } from '@bitloom/interop/clients/client'
import { foreignClients } from '@bitloom/interop/needs'
import { openShelf, type PayloadShape } from '../rig/payloads.js'
import { runTransfer, type TransferResult, Unended } from '../rig/transfer.js'
import type { Workshop } from '../rig/workshop.js'

/** One seeder and one leecher, by name. */
export interface Pair {
  readonly seeder: string
  readonly leecher: string
}

/** A payload, and who gives it to whom. */
export interface SideCase {
  readonly name: string
  readonly shape: PayloadShape
  readonly pairs: readonly Pair[]
  /** Seeding peers, all of them libtorrent's where there are several. */
  readonly peers: number
}

/** All runs of one pair in one case. */
export interface SideRow extends Pair {
  readonly case: string
  readonly results: readonly TransferResult[]
  /** Why a run gave no result; a pair that failed is not tried again in this run of the bench. */
  readonly error?: string
  /** A transfer was stopped after so long; the pair is not tried again. */
  readonly limitSeconds?: number
}

export interface SidePlan {
  readonly cases: readonly SideCase[]
  /** A pair that has taken `patienceSeconds` is not run again. */
  readonly runs: number
  readonly workshop: Workshop
  /** Default: `runTransfer`. */
  readonly transfer?: typeof runTransfer
  /** What was measured before; it counts. */
  readonly earlier: readonly SideRow[]
  /** No transfer begins that is likely to end later, by `performance.now`. */
  readonly deadlineMs: number
  progress(line: string): void
  /** Told of all rows so far whenever one changed. */
  changed(rows: readonly SideRow[]): void
}

const patienceSeconds = 420
/** What a transfer takes that has not been tried. */
const guessedMs = 20_000
/** A transfer is stopped when it takes longer than this at so many bytes per second. */
const limit = { startMs: 30_000, leastRate: 8 * 2 ** 20 }

/** How long a transfer may take. */
export function limitMs(lengthBytes: number): number {
  return limit.startMs + (lengthBytes / limit.leastRate) * 1000
}

function secondsOf(results: readonly TransferResult[]): number {
  return results.reduce((sum, { seconds }) => sum + seconds, 0)
}

const clients = new Map<string, Client>(
  [bitloom, ...foreignClients, bitloomOnOneCore].map((client) => [client.name, client]),
)

/** Lets ours take part with another binary of Node as well. Answers the name. @throws Error for what is no Node */
export function addNode(path: string): string {
  const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' })
  if (!/^v\d+\./.test(stdout ?? '')) throw new Error(`${path} is no Node`)
  const name = `${bitloom.name} (${stdout.trim()})`
  clients.set(name, bitloomOn([path], name))
  return name
}

/** Names of all clients that the rig knows, ours first. */
export const clientNames: readonly string[] = [...clients.keys()]

/** Ours in other surroundings than the usual: it shows what they cost, in the first case only. */
export const variantNames: readonly string[] = [bitloomOnOneCore.name]

/** The clients of these that can be started here. */
export function availableClients(names: readonly string[]): string[] {
  return names.filter((name) => clientOf(name).available())
}

function clientOf(name: string): Client {
  const client = clients.get(name)
  if (client === undefined) throw new Error(`there is no client ${name}: the rig knows ${clientNames.join(', ')}`)
  return client
}

/** Is one side of it Bitloom? */
export function hasOurs({ seeder, leecher }: Pair): boolean {
  return [seeder, leecher].some((name) => clientOf(name).isOurs === true)
}

/** Each client as leecher and as seeder of the same partner, ours with itself, and the partner with itself. */
export function pairsOf(names: readonly string[], partner: string): Pair[] {
  const pairs = names.flatMap((name) => [
    { seeder: partner, leecher: name },
    { seeder: name, leecher: partner },
  ])
  if (names.includes(bitloom.name)) pairs.push({ seeder: bitloom.name, leecher: bitloom.name })
  const keys = pairs.map(({ seeder, leecher }) => `${seeder} ${leecher}`)
  return pairs.filter((_, index) => keys.indexOf(keys[index] ?? '') === index)
}

/** Ours in other surroundings, such as another version of Node: with the partner and with itself. */
export function pairsOfVariants(names: readonly string[], partner: string): Pair[] {
  return names.flatMap((name) => [
    { seeder: partner, leecher: name },
    { seeder: name, leecher: partner },
    { seeder: name, leecher: name },
  ])
}

/** One round of a case: each of its pairs runs, unless it has run so often already. */
export interface Round {
  readonly case: SideCase
  readonly run: number
}

/**
 * In which order cases run: each once, as they are listed, then the first as often as it may, then the others. So there is
 * something of everything when the time is short, and the pairs of a case take turns, so that what changes on the machine
 * meets all of them.
 */
export function roundsOf(cases: readonly SideCase[], runs: number): Round[] {
  const again = Array.from({ length: Math.max(0, runs - 1) }, (_, index) => index + 2)
  const [first, ...others] = cases
  return [
    ...cases.map((one) => ({ case: one, run: 1 })),
    ...(first === undefined ? [] : again.map((run) => ({ case: first, run }))),
    ...again.flatMap((run) => others.map((one) => ({ case: one, run }))),
  ]
}

interface OpenRow extends Pair {
  readonly case: string
  readonly results: TransferResult[]
  error?: string
  limitSeconds?: number
  /** How long it took last, with all around it. */
  tookMs?: number
}

/** Runs all pairs of all cases, round after round. */
export async function runSide(plan: SidePlan): Promise<void> {
  const { cases, runs, workshop, earlier, deadlineMs, progress, transfer: transferOnce = runTransfer } = plan
  const shelf = openShelf(workshop.folder)
  const rows = cases.flatMap(({ name, pairs }) => pairs.map((pair) => openRow(name, pair, earlier)))
  let [lastShape, left] = [undefined as PayloadShape | undefined, 0]
  for (const { case: one, run } of roundsOf(cases, runs)) {
    const due = rows.filter(
      (row) =>
        row.case === one.name &&
        row.results.length < run &&
        row.error === undefined &&
        row.limitSeconds === undefined &&
        secondsOf(row.results) < patienceSeconds,
    )
    for (const row of due) {
      if (performance.now() + (row.tookMs ?? guessedMs) > deadlineMs) {
        left += 1
        continue
      }
      if (lastShape !== one.shape) await workshop.warm(one.shape.lengthBytes * 1.5)
      lastShape = one.shape
      const startedMs = performance.now()
      const payload = await shelf.payload(one.shape)
      const transfer = { seeder: clientOf(row.seeder), leecher: clientOf(row.leecher), payload, peers: one.peers }
      const ownMs = limitMs(payload.lengthBytes)
      const leftMs = deadlineMs - performance.now()
      const outcome = await transferOnce(transfer, workshop.folder, Math.min(ownMs, leftMs)).catch(asError)
      row.tookMs = performance.now() - startedMs
      if (outcome instanceof Unended && leftMs < ownMs) left += 1
      else keep(row, outcome)
      progress(`${one.name}, run ${run} of ${runs}, ${row.seeder} to ${row.leecher}: ${inShort(outcome)}`)
      plan.changed(rows.filter(isKnown).map(closedRow))
    }
  }
  if (left > 0) progress(`${left} transfers did not run, or not to their end: the time was up`)
}

function openRow(name: string, pair: Pair, earlier: readonly SideRow[]): OpenRow {
  const known = earlier.find((row) => row.case === name && row.seeder === pair.seeder && row.leecher === pair.leecher)
  const { results = [], limitSeconds } = known ?? {}
  return { ...pair, case: name, results: [...results], ...(limitSeconds === undefined ? {} : { limitSeconds }) }
}

function closedRow({ tookMs: _tookMs, ...row }: OpenRow): SideRow {
  return row
}

function isKnown({ results, error, limitSeconds }: OpenRow): boolean {
  return results.length > 0 || error !== undefined || limitSeconds !== undefined
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}

function keep(row: OpenRow, outcome: TransferResult | Error): void {
  if (outcome instanceof Unended) row.limitSeconds = outcome.limitSeconds
  else if (outcome instanceof Error) row.error = outcome.message
  else row.results.push(outcome)
}

function inShort(outcome: TransferResult | Error): string {
  if (outcome instanceof Error) return outcome.message
  const rate = outcome.lengthBytes / 2 ** 20 / outcome.seconds
  return `${rate.toFixed(0)} MiB/s in ${outcome.seconds.toFixed(2)} s`
}

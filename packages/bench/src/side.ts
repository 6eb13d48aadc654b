import { bitloom } from '@bitloom/interop/clients/bitloom'
import type { Client } from '@bitloom/interop/clients/client'
import { foreignClients } from '@bitloom/interop/needs'
import { openShelf, type PayloadShape } from '../rig/payloads.js'
import { runTransfer, type Transfer, type TransferResult } from '../rig/transfer.js'
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
  /** Why a run gave no result; a pair that failed is not tried again. */
  readonly error?: string
}

export interface SidePlan {
  readonly cases: readonly SideCase[]
  /** A pair that has taken five minutes is not run again. */
  readonly runs: number
  readonly workshop: Workshop
  /** Told of each run as it ends. */
  progress(line: string): void
}

const patienceSeconds = 300

function secondsOf(results: readonly TransferResult[]): number {
  return results.reduce((sum, { seconds }) => sum + seconds, 0)
}

const clients: ReadonlyMap<string, Client> = new Map(
  [bitloom, ...foreignClients].map((client) => [client.name, client]),
)

/** Names of all clients that the rig knows, ours first. */
export const clientNames: readonly string[] = [...clients.keys()]

/** The clients of these that can be started here. */
export function availableClients(names: readonly string[]): string[] {
  return names.filter((name) => clientOf(name).available())
}

function clientOf(name: string): Client {
  const client = clients.get(name)
  if (client === undefined) throw new Error(`there is no client ${name}: the rig knows ${clientNames.join(', ')}`)
  return client
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

/** Runs all pairs of a case once, then again, so that what changes on the machine meets all of them. */
export async function runSide({ cases, runs, workshop, progress }: SidePlan): Promise<SideRow[]> {
  const shelf = openShelf(workshop.folder)
  const rows: SideRow[] = []
  for (const { name, shape, pairs, peers } of cases) {
    const payload = await shelf.payload(shape)
    await workshop.warm(shape.lengthBytes * 1.5)
    const own = pairs.map((pair) => ({
      ...pair,
      case: name,
      results: [] as TransferResult[],
      error: undefined as string | undefined,
    }))
    for (let run = 1; run <= runs; run += 1) {
      for (const row of own.filter(
        ({ error, results }) => error === undefined && secondsOf(results) < patienceSeconds,
      )) {
        const transfer = { seeder: clientOf(row.seeder), leecher: clientOf(row.leecher), payload, peers }
        const outcome = await tryTransfer(transfer, workshop.folder)
        if (typeof outcome === 'string') row.error = outcome
        else row.results.push(outcome)
        progress(`${name}, run ${run} of ${runs}, ${row.seeder} to ${row.leecher}: ${inShort(outcome)}`)
      }
    }
    rows.push(...own.map(({ error, ...row }) => (error === undefined ? row : { ...row, error })))
  }
  return rows
}

async function tryTransfer(transfer: Transfer, folder: string): Promise<TransferResult | string> {
  try {
    return await runTransfer(transfer, folder)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function inShort(outcome: TransferResult | string): string {
  if (typeof outcome === 'string') return outcome
  const rate = outcome.lengthBytes / 2 ** 20 / outcome.seconds
  return `${rate.toFixed(0)} MiB/s in ${outcome.seconds.toFixed(2)} s`
}

import { rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installed } from '@bitloom/interop/installed'
import { type Network, networkAvailable, openNetwork } from '@bitloom/interop/network'
import { oneFile, writePayload } from '@bitloom/interop/payload'
import { run, startProcess } from '@bitloom/interop/process'
import type { BareCost } from '../rig/bare/cost.js'
import { parseOpensslSpeed } from './openssl.js'
import { median } from './statistics.js'

const gibibyte = 2 ** 30

/** What one thing costs that no client can do without. */
export interface Ceiling {
  readonly gibibytesPerSecond: number
  readonly cpuSecondsPerGibibyte: number
}

/** The limits of this machine, measured in the same run as the clients. Medians. */
export interface Ceilings {
  /** `undefined` where openssl is not installed. */
  readonly sha1: Ceiling | undefined
  readonly receive: Ceiling
  /** From one buffer. */
  readonly send: Ceiling
  /** From a file in page cache. */
  readonly sendFile: Ceiling
  readonly write: Ceiling
}

export interface CeilingPlan {
  readonly folder: string
  readonly lengthBytes: number
  readonly runs: number
  progress(line: string): void
}

const bare = (name: string): string => fileURLToPath(new URL(`../rig/bare/${name}.js`, import.meta.url))
const port = 6900

/** Runs the bare programs in turn. Without the right to make network namespaces they meet on loopback. */
export async function measureCeilings({ folder, lengthBytes, runs, progress }: CeilingPlan): Promise<Ceilings> {
  const network = networkAvailable() ? openNetwork() : undefined
  const file = join(folder, 'ceiling')
  const costs = {
    receive: [] as BareCost[],
    send: [] as BareCost[],
    sendFile: [] as BareCost[],
    write: [] as BareCost[],
  }
  const sha1 = installed('openssl') ? sha1Ceiling(await runOpenssl()) : undefined
  try {
    for (let count = 0; count < runs; count += 1) {
      costs.write.push(await runNode('writer', [file, String(lengthBytes)]))
      await writePayload(folder, 'ceiling', oneFile(lengthBytes / 2 ** 20))
      const plain = await exchange(network, lengthBytes)
      costs.receive.push(plain.received)
      costs.send.push(plain.sent)
      costs.sendFile.push((await exchange(network, lengthBytes, file)).sent)
      rmSync(file)
      progress(`ceilings, run ${count + 1} of ${runs}`)
    }
  } finally {
    network?.close()
  }
  const { receive, send, sendFile, write } = costs
  return {
    sha1,
    receive: ceilingOf(receive),
    send: ceilingOf(send),
    sendFile: ceilingOf(sendFile),
    write: ceilingOf(write),
  }
}

async function runOpenssl(): Promise<string> {
  const args = ['speed', '-mr', '-seconds', '1', '-bytes', String(1 << 20), 'sha1']
  return run({ name: 'openssl', command: 'openssl', args })
}

function sha1Ceiling(text: string): Ceiling {
  const rate = parseOpensslSpeed(text, 'sha1') / gibibyte
  // It measures by CPU time, on one core.
  return { gibibytesPerSecond: rate, cpuSecondsPerGibibyte: 1 / rate }
}

async function runNode(name: string, args: readonly string[], namespace?: string): Promise<BareCost> {
  const output = await run({ name, command: process.execPath, args: [bare(name), ...args], namespace }, 600_000)
  return JSON.parse(output) as BareCost
}

async function exchange(network: Network | undefined, lengthBytes: number, file?: string) {
  const host = network?.left.ip ?? '127.0.0.1'
  const args = [bare('sender'), host, String(port), String(lengthBytes), ...(file === undefined ? [] : [file])]
  const sender = startProcess({ name: 'sender', command: process.execPath, args, namespace: network?.left.namespace })
  await sender.line('it listens', (line) => (line === 'ready' ? true : undefined), 10_000)
  const received = await runNode('receiver', [host, String(port)], network?.right.namespace)
  const line = await sender.line('it was done', (text) => (text.startsWith('{') ? text : undefined), 10_000)
  await sender.ended
  if (received.lengthBytes !== lengthBytes) throw new Error(`${received.lengthBytes} bytes came of ${lengthBytes}`)
  return { received, sent: JSON.parse(line) as BareCost }
}

function ceilingOf(costs: readonly BareCost[]): Ceiling {
  const [{ lengthBytes } = { lengthBytes: Number.NaN }] = costs
  const gibibytes = lengthBytes / gibibyte
  return {
    gibibytesPerSecond: gibibytes / median(costs.map(({ seconds }) => seconds)),
    cpuSecondsPerGibibyte: median(costs.map(({ cpuSeconds }) => cpuSeconds)) / gibibytes,
  }
}

/** What no client on this machine can beat. */
export interface SideCeiling {
  /** Of one seeder and one leecher that share the cores. */
  readonly mebibytesPerSecond: number
  readonly leecherCpuSecondsPerGibibyte: number
  readonly seederCpuSecondsPerGibibyte: number
}

/** The sum of what a transfer cannot do without; none without a figure for SHA-1. */
export function sideCeiling(ceilings: Ceilings, cores = availableParallelism()): SideCeiling | undefined {
  const { sha1, receive, sendFile, write } = ceilings
  if (sha1 === undefined) return undefined
  const leecher = [sha1, receive, write].reduce((sum, { cpuSecondsPerGibibyte }) => sum + cpuSecondsPerGibibyte, 0)
  const seeder = sendFile.cpuSecondsPerGibibyte
  const slowest = Math.min(...[sha1, receive, sendFile, write].map(({ gibibytesPerSecond }) => gibibytesPerSecond))
  return {
    mebibytesPerSecond: 1024 * Math.min(slowest, cores / (leecher + seeder)),
    leecherCpuSecondsPerGibibyte: leecher,
    seederCpuSecondsPerGibibyte: seeder,
  }
}

/** The rows of a table, its head first. */
export function ceilingTable(ceilings: Ceilings): string[][] {
  const named: readonly (readonly [string, Ceiling | undefined])[] = [
    ['SHA-1, openssl speed, one core', ceilings.sha1],
    ['receive, one shared buffer', ceilings.receive],
    ['send from memory', ceilings.send],
    ['send from a file', ceilings.sendFile],
    ['write a file', ceilings.write],
  ]
  const rows = named.map(([name, ceiling]) =>
    ceiling === undefined
      ? [name, 'not installed']
      : [name, ceiling.gibibytesPerSecond.toFixed(2), ceiling.cpuSecondsPerGibibyte.toFixed(3)],
  )
  return [['ceiling', 'GiB/s', 'CPU s/GiB'], ...rows]
}

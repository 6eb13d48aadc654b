import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { markdownTable } from 'markdown-table'
import { openWorkshop } from '../rig/workshop.js'
import { caseNames, casesOf, plainCase } from './cases.js'
import { measureCeilings } from './ceilings.js'
import { sectionsOf, writeFigures } from './docs.js'
import { timeStarts } from './first-dial.js'
import { machineFacts } from './machine.js'
import { type BenchOptions, parseOptions, type Part, usage } from './options.js'
import { measurePaths } from './paths.js'
import { openRecord } from './record.js'
import { type ScaleResults, watchPeers, watchTorrents } from './scale.js'
import {
  addNode,
  availableClients,
  clientNames,
  hasOurs,
  pairsOf,
  pairsOfVariants,
  runSide,
  variantNames,
} from './side.js'
import type { Patience } from './stages/measure.js'
import { faultsOf, type Ratios, ratiosOf } from './stages/ratios.js'
import { runStages } from './stages/run-stages.js'

/** The client that all others are measured with. */
const partner = 'libtorrent'
/** Takes minutes for what others do in seconds. */
const slow = 'transmission'
const page = fileURLToPath(new URL('../../../../docs/BENCHMARKS.md', import.meta.url))
const ratiosFile = fileURLToPath(new URL('../../ratios.json', import.meta.url))
/** What is written more than that measures the memory more than the machine. */
const ceilingBytes = 2 ** 30

const usual: Patience = { warmMs: 300, slices: 5, sliceMs: 200 }
const quick: Patience = { warmMs: 40, slices: 2, sliceMs: 40 }
const smoke: Patience = { warmMs: 0, slices: 1, sliceMs: 1 }

function readOptions(): BenchOptions {
  try {
    return parseOptions(process.argv.slice(2))
  } catch (error) {
    return refuse(error, usage)
  }
}

function openOwnRecord(): ReturnType<typeof openRecord> {
  try {
    return openRecord(machineFacts(process.argv.slice(2), options.folder), options.json, options.resume)
  } catch (error) {
    return refuse(error)
  }
}

function refuse(error: unknown, help = ''): never {
  console.error(`${messageOf(error)}\n${help}`)
  process.exit(2)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

const options = readOptions()
const record = openOwnRecord()
const { results } = record
const workshop = openWorkshop(options.folder)
const faults: string[] = []
const progress = (line: string): void => console.error(line)

function readRatios(): Ratios {
  return JSON.parse(readFileSync(ratiosFile, 'utf8')) as Ratios
}

async function benchCeilings(): Promise<void> {
  const lengthBytes = Math.min(options.lengthBytes, ceilingBytes)
  const { folder } = workshop
  await workshop.warm(lengthBytes * 1.5)
  results.ceilings = await measureCeilings({ folder, lengthBytes, runs: options.quick ? 1 : options.runs, progress })
}

async function benchStages(): Promise<void> {
  const patience = options.smoke ? smoke : options.quick ? quick : usual
  const stages = await runStages({ patience, folder: workshop.folder, small: options.smoke, progress })
  if (options.writeRatios) writeFileSync(ratiosFile, `${JSON.stringify(ratiosOf(stages), undefined, 2)}\n`)
  if (options.check) faults.push(...faultsOf(stages, readRatios()))
  results.stages = stages
}

async function benchScale(found: Partial<ScaleResults>): Promise<void> {
  results.scale = { ...results.scale, ...found }
}

async function benchPaths(): Promise<void> {
  results.paths = await measurePaths({ folder: workshop.folder, quick: options.quick, progress })
}

async function benchSide(): Promise<void> {
  const wanted = options.clients ?? (options.quick ? clientNames.filter((name) => name !== slow) : clientNames)
  const present = availableClients(wanted)
  const absent = wanted.filter((name) => !present.includes(name))
  if (absent.length > 0) results.absent = absent
  if (!wanted.includes(slow)) progress(`left out: ${slow}`)
  const names = options.cases ?? (options.quick ? [plainCase] : caseNames)
  const usualNames = present.filter((name) => !variantNames.includes(name))
  const pairs = options.pairs ?? pairsOf(usualNames, partner)
  const variants = [...present.filter((name) => variantNames.includes(name)), ...options.nodes.map(addNode)]
  await runSide({
    cases: casesOf(options.lengthBytes, pairs, partner, names, pairsOfVariants(variants, partner)),
    runs: options.runs,
    workshop,
    earlier: results.side ?? [],
    deadlineMs: options.minutes * 60_000,
    progress,
    changed: (rows) => {
      results.side = rows
      record.save()
    },
  })
  for (const { error, limitSeconds, ...row } of results.side ?? []) {
    if (error !== undefined) faults.push(error)
    if (limitSeconds !== undefined && hasOurs(row))
      faults.push(`${row.case}, ${row.seeder} to ${row.leecher} did not end`)
  }
}

/** What can fail by itself. */
interface Step {
  readonly part: Part
  readonly name: string
  readonly isDone: boolean
  run(): Promise<void>
}

const { scale } = results
const scaleSize = options.quick
  ? { torrents: 300, peers: 200, watchSeconds: 3, starts: 3 }
  : { torrents: 10_000, peers: 1_000, watchSeconds: 20, starts: 9 }
const scalePlan = { ...scaleSize, nodes: [process.execPath, ...options.nodes], folder: workshop.folder, progress }
const steps: readonly Step[] = [
  { part: 'ceilings', name: 'ceilings', isDone: results.ceilings !== undefined, run: benchCeilings },
  { part: 'stages', name: 'stages', isDone: results.stages !== undefined, run: benchStages },
  {
    part: 'scale',
    name: 'starts',
    isDone: scale?.starts !== undefined,
    run: async () => benchScale({ starts: await timeStarts(scalePlan) }),
  },
  {
    part: 'scale',
    name: 'idle peers',
    isDone: scale?.idlePeers !== undefined,
    run: async () => benchScale({ idlePeers: await watchPeers(scalePlan) }),
  },
  {
    part: 'scale',
    name: 'idle torrents',
    isDone: scale?.idleTorrents !== undefined,
    run: async () => benchScale({ idleTorrents: await watchTorrents(scalePlan) }),
  },
  { part: 'paths', name: 'long paths', isDone: results.paths !== undefined, run: benchPaths },
  { part: 'side', name: 'side by side', isDone: false, run: benchSide },
]

for (const step of steps.filter(({ part, isDone }) => options.only.includes(part) && !isDone)) {
  const startedMs = performance.now()
  try {
    await step.run()
  } catch (error) {
    const fault = `${step.name} failed: ${messageOf(error)}`
    faults.push(fault)
    results.failed = [...(results.failed ?? []), fault]
  }
  progress(`${step.name}: ${((performance.now() - startedMs) / 1000).toFixed(0)} s`)
  record.save()
  if (options.writeDocs) await writeFigures(page, results, readRatios())
}

if (options.writeDocs) await writeFigures(page, results, readRatios())
for (const { title, table } of sectionsOf(results, readRatios())) console.log(`\n${title}\n\n${markdownTable(table)}`)
if (results.absent !== undefined) console.log(`\nNot installed, left out: ${results.absent.join(', ')}.`)
for (const fault of faults) console.error(fault)
if (faults.length > 0) process.exitCode = 1

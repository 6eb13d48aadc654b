import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { markdownTable } from 'markdown-table'
import { openWorkshop } from '../rig/workshop.js'
import { caseNames, casesOf, plainCase } from './cases.js'
import { measureCeilings } from './ceilings.js'
import { sectionsOf, writeFigures } from './docs.js'
import { machineFacts } from './machine.js'
import { type BenchOptions, parseOptions, type Part, parts, usage } from './options.js'
import { measurePaths } from './paths.js'
import type { BenchResults } from './results.js'
import { runScale } from './scale.js'
import { availableClients, clientNames, pairsOf, runSide } from './side.js'
import type { Patience } from './stages/measure.js'
import { faultsOf, type Ratios, ratiosOf } from './stages/ratios.js'
import { runStages } from './stages/run-stages.js'

/** The client that all others are measured with. */
const partner = 'libtorrent'
/** Takes minutes for what others do in seconds. */
const slow = 'transmission'
const page = fileURLToPath(new URL('../../../../docs/BENCHMARKS.md', import.meta.url))
const ratiosFile = fileURLToPath(new URL('../../ratios.json', import.meta.url))

const usual: Patience = { warmMs: 300, slices: 5, sliceMs: 200 }
const quick: Patience = { warmMs: 40, slices: 2, sliceMs: 40 }
const smoke: Patience = { warmMs: 0, slices: 1, sliceMs: 1 }

function readOptions(): BenchOptions {
  try {
    return parseOptions(process.argv.slice(2))
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
    process.exit(2)
  }
}

const options = readOptions()
const workshop = openWorkshop(options.folder)
const results: BenchResults = { facts: machineFacts(process.argv.slice(2), options.folder) }
const faults: string[] = []
const progress = (line: string): void => console.error(line)

function readRatios(): Ratios {
  return JSON.parse(readFileSync(ratiosFile, 'utf8')) as Ratios
}

async function benchCeilings(): Promise<void> {
  const { quick, runs, lengthBytes } = options
  await workshop.warm(lengthBytes * 1.5)
  const ceilings = await measureCeilings({ folder: workshop.folder, lengthBytes, runs: quick ? 1 : runs, progress })
  results.ceilings = ceilings
}

async function benchStages(): Promise<void> {
  const patience = options.smoke ? smoke : options.quick ? quick : usual
  const stages = await runStages({ patience, folder: workshop.folder, small: options.smoke, progress })
  if (options.writeRatios) writeFileSync(ratiosFile, `${JSON.stringify(ratiosOf(stages), undefined, 2)}\n`)
  const committed = readRatios()
  if (options.check) faults.push(...faultsOf(stages, committed))
  results.stages = stages
}

async function benchScale(): Promise<void> {
  const size = options.quick
    ? { torrents: 1_000, peers: 200, watchSeconds: 3, starts: 3 }
    : { torrents: 10_000, peers: 1_000, watchSeconds: 20, starts: 9 }
  results.scale = await runScale({ ...size, folder: workshop.folder, progress })
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
  const cases = options.cases ?? (options.quick ? [plainCase] : caseNames)
  const side = await runSide({
    cases: casesOf(options.lengthBytes, options.pairs ?? pairsOf(present, partner), partner, cases),
    runs: options.runs,
    workshop,
    progress,
  })
  for (const { error } of side) if (error !== undefined) faults.push(error)
  results.side = side
}

const benches: Readonly<Record<Part, () => Promise<void>>> = {
  ceilings: benchCeilings,
  stages: benchStages,
  scale: benchScale,
  paths: benchPaths,
  side: benchSide,
}
for (const part of parts) if (options.only.includes(part)) await benches[part]()

for (const { title, table } of sectionsOf(results, readRatios())) console.log(`\n${title}\n\n${markdownTable(table)}`)
if (results.absent !== undefined) console.log(`\nNot installed, left out: ${results.absent.join(', ')}.`)
if (options.writeDocs) await writeFigures(page, results, readRatios())
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(results, undefined, 2)}\n`)
for (const fault of faults) console.error(fault)
if (faults.length > 0) process.exitCode = 1

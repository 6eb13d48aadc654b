import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { markdownTable } from 'markdown-table'
import { openWorkshop } from '../rig/workshop.js'
import { casesOf } from './cases.js'
import { type Ceilings, ceilingTable, measureCeilings, sideCeiling } from './ceilings.js'
import { type BenchOptions, parseOptions, type Part, usage } from './options.js'
import { runScale, type ScaleResults, scaleTable } from './scale.js'
import { availableClients, clientNames, pairsOf, runSide, type SideRow } from './side.js'
import { sideTable } from './side-table.js'
import type { Patience } from './stages/measure.js'
import { faultsOf, type Ratios, ratiosOf, stageTable } from './stages/ratios.js'
import { runStages, type StageResult } from './stages/run-stages.js'

/** The client that all others are measured with. */
const partner = 'libtorrent'
const ratiosFile = fileURLToPath(new URL('../../ratios.json', import.meta.url))

const usual: Patience = { warmMs: 300, slices: 5, sliceMs: 200 }
const quick: Patience = { warmMs: 50, slices: 3, sliceMs: 50 }
const smoke: Patience = { warmMs: 0, slices: 1, sliceMs: 1 }

/** All that a run found out. */
interface BenchResults {
  ceilings?: Ceilings
  stages?: readonly StageResult[]
  scale?: ScaleResults
  side?: readonly SideRow[]
}

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
const results: BenchResults = {}
const faults: string[] = []
const progress = (line: string): void => console.error(line)

async function benchCeilings(): Promise<void> {
  const { quick, runs, lengthBytes } = options
  await workshop.warm(lengthBytes * 1.5)
  const ceilings = await measureCeilings({ folder: workshop.folder, lengthBytes, runs: quick ? 1 : runs, progress })
  results.ceilings = ceilings
  console.log(markdownTable(ceilingTable(ceilings)))
}

async function benchStages(): Promise<void> {
  const patience = options.smoke ? smoke : options.quick ? quick : usual
  const stages = await runStages({ patience, folder: workshop.folder, small: options.smoke, progress })
  if (options.writeRatios) writeFileSync(ratiosFile, `${JSON.stringify(ratiosOf(stages), undefined, 2)}\n`)
  const committed = JSON.parse(readFileSync(ratiosFile, 'utf8')) as Ratios
  if (options.check) faults.push(...faultsOf(stages, committed))
  results.stages = stages
  console.log(markdownTable(stageTable(stages, committed)))
}

async function benchScale(): Promise<void> {
  const size = options.quick
    ? { torrents: 1_000, peers: 200, watchSeconds: 3, starts: 3 }
    : { torrents: 10_000, peers: 1_000, watchSeconds: 20, starts: 9 }
  results.scale = await runScale({ ...size, folder: workshop.folder, progress })
  console.log(markdownTable(scaleTable(results.scale)))
}

async function benchSide(): Promise<void> {
  const wanted = options.clients ?? clientNames
  const present = availableClients(wanted)
  const absent = wanted.filter((name) => !present.includes(name))
  if (absent.length > 0) console.log(`Not installed, left out: ${absent.join(', ')}.`)
  const side = await runSide({
    cases: casesOf(options.lengthBytes, options.pairs ?? pairsOf(present, partner), partner, options.cases),
    runs: options.runs,
    workshop,
    progress,
  })
  for (const { error } of side) if (error !== undefined) faults.push(error)
  results.side = side
  const ceiling = results.ceilings === undefined ? undefined : sideCeiling(results.ceilings)
  console.log(markdownTable(sideTable(side, ceiling)))
}

const benches: Readonly<Record<Part, () => Promise<void>>> = {
  ceilings: benchCeilings,
  stages: benchStages,
  scale: benchScale,
  side: benchSide,
}
for (const part of options.only) await benches[part]()

if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(results, undefined, 2)}\n`)
for (const fault of faults) console.error(fault)
if (faults.length > 0) process.exitCode = 1

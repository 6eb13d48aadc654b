import { writeFileSync } from 'node:fs'
import { markdownTable } from 'markdown-table'
import { openWorkshop } from '../rig/workshop.js'
import { casesOf } from './cases.js'
import { type BenchOptions, parseOptions, usage } from './options.js'
import { availableClients, clientNames, pairsOf, runSide } from './side.js'
import { sideTable } from './side-table.js'

/** The client that all others are measured with. */
const partner = 'libtorrent'

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
const wanted = options.clients ?? clientNames
const present = availableClients(wanted)
const absent = wanted.filter((name) => !present.includes(name))
if (absent.length > 0) console.error(`not installed, left out: ${absent.join(', ')}`)
const side = await runSide({
  cases: casesOf(options.lengthBytes, options.pairs ?? pairsOf(present, partner), options.cases),
  runs: options.runs,
  workshop,
  progress: (line) => console.error(line),
})
console.log(markdownTable(sideTable(side)))
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify({ side }, undefined, 2)}\n`)
if (side.some(({ error }) => error !== undefined)) process.exitCode = 1

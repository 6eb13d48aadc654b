import { parseArgs } from 'node:util'
import { caseNames } from './cases.js'

/** The parts of a run, in the order they run. */
export const parts = ['ceilings', 'stages', 'scale', 'paths', 'side'] as const
export type Part = (typeof parts)[number]

/** What a run of the bench measures. */
export interface BenchOptions {
  readonly quick: boolean
  /** Shortest possible: whether it works, not what it costs. */
  readonly smoke: boolean
  readonly only: readonly Part[]
  /** Stages that are slower than their committed ratio fail the run. */
  readonly check: boolean
  readonly writeRatios: boolean
  readonly clients: readonly string[] | undefined
  /** Instead of the usual ones. */
  readonly pairs: readonly { readonly seeder: string; readonly leecher: string }[] | undefined
  readonly cases: readonly string[] | undefined
  readonly runs: number
  readonly lengthBytes: number
  readonly folder: string
  readonly json: string | undefined
  /** Keeps what the file of `json` has, and measures the rest. */
  readonly resume: boolean
  /** No transfer begins that would end later than so long after the start. */
  readonly minutes: number
  /** Other versions of Node, by the path of their binary, to run ours with as well, and to time starts. */
  readonly nodes: readonly string[]
  /** Puts the figures into docs/BENCHMARKS.md. */
  readonly writeDocs: boolean
}

export const usage = `npm run bench -- [options]
  --quick             small and few: for a look whether all of it works, not for figures to quote
  --only a,b          of: ${parts.join(', ')}
  --check             fail when a stage costs more than its committed ratio allows
  --write-ratios      commit to what the stages cost now
  --clients a,b       these clients, instead of all that are installed
  --pairs a:b,c:d     a seeds to b, c to d, instead of the usual pairs
  --cases a,b         of: ${caseNames.join(', ')}
  --smoke             the shortest run of each stage, for tests
  --runs N            how often each transfer runs; medians are printed (default 5, quick 1)
  --size SIZE         length of the case "one", such as 256M or 2G; "long" has four times that, the others 1G at most
                      (default 1G, quick 128M)
  --folder DIR        where payloads and downloads are (default /dev/shm)
  --node PATH,PATH    runs our side of the case "one", and starts, with these binaries of Node, too
  --minutes N         the transfers end in time: what comes last gets fewer runs
  --json FILE         writes all results, and what there is of them while the run goes on
  --resume            keeps what FILE has of the same command, and measures the rest
  --write-docs        writes the figures into docs/BENCHMARKS.md`

/** Reads the command line. @throws Error saying what is wrong with it */
export function parseOptions(args: readonly string[]): BenchOptions {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: flag,
      smoke: flag,
      check: flag,
      'write-ratios': flag,
      'write-docs': flag,
      resume: flag,
      minutes: text,
      node: text,
      only: text,
      clients: text,
      pairs: text,
      cases: text,
      runs: text,
      size: text,
      folder: text,
      json: text,
    },
  })
  const { quick, resume } = values
  if (resume && values.json === undefined) throw new Error('--resume needs --json FILE: what is there already')
  return {
    quick,
    smoke: values.smoke,
    only: listOf(values.only)?.map(parsePart) ?? parts,
    check: values.check,
    writeRatios: values['write-ratios'],
    clients: listOf(values.clients),
    pairs: listOf(values.pairs)?.map(parsePair),
    cases: listOf(values.cases),
    runs: parseCount(values.runs ?? (quick ? '1' : '5')),
    lengthBytes: parseSize(values.size ?? (quick ? '128M' : '1G')),
    folder: values.folder ?? '/dev/shm',
    json: values.json,
    resume,
    minutes: values.minutes === undefined ? Infinity : parseCount(values.minutes),
    nodes: listOf(values.node) ?? [],
    writeDocs: values['write-docs'],
  }
}

function listOf(text: string | undefined): string[] | undefined {
  return text?.split(',').filter((part) => part !== '')
}

function parsePart(text: string): Part {
  const part = parts.find((known) => known === text)
  if (part === undefined) throw new Error(`"${text}" is no part: there are ${parts.join(', ')}`)
  return part
}

function parsePair(text: string): { seeder: string; leecher: string } {
  const [, seeder, leecher] = /^([^:]+):([^:]+)$/.exec(text) ?? []
  if (seeder === undefined || leecher === undefined) throw new Error(`"${text}" is no pair: write SEEDER:LEECHER`)
  return { seeder, leecher }
}

function parseCount(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new Error(`"${text}" is no count`)
  return Number(text)
}

const units: Readonly<Record<string, number>> = { M: 2 ** 20, G: 2 ** 30 }

/** Bytes from whole mebibytes or gibibytes, such as 256M. */
function parseSize(text: string): number {
  const [, count, unit = ''] = /^([1-9]\d{0,5})([MG])$/.exec(text) ?? []
  const bytes = Number(count) * (units[unit] ?? Number.NaN)
  if (Number.isNaN(bytes)) throw new Error(`"${text}" is no size: write such as 256M or 4G`)
  return bytes
}

import { longCase, plainCase } from './cases.js'
import type { BenchResults } from './results.js'
import type { SideRow } from './side.js'
import { figuresOf, type SideFigures } from './side-table.js'

/** A goal, what was measured, and whether that is enough. */
export interface Goal {
  readonly name: string
  readonly goal: string
  /** `undefined` = the run did not measure it. */
  readonly measured: string | undefined
  readonly isMet: boolean | undefined
}

/** Finds the figures of one pair in one case. */
type Find = (caseName: string, seeder: string, leecher: string) => SideFigures | undefined

const ours = 'bitloom'
/** With whatever version of Node. */
const isOurs = (name: string): boolean => name.startsWith(ours)
const partner = 'libtorrent'

/** All goals against the results of one run. */
export function goalsOf(results: BenchResults): Goal[] {
  const rows = results.side ?? []
  const find: Find = (caseName, seeder, leecher) => {
    const row = rows.find((one) => one.case === caseName && one.seeder === seeder && one.leecher === leecher)
    return row === undefined || row.results.length === 0 ? undefined : figuresOf(row.results)
  }
  return [
    ...sideGoals(find, rows),
    ...shapeGoals(find, rows),
    ...scaleGoals(results),
    ...pathGoals(results),
    ...stageGoals(results),
  ]
}

function sideGoals(find: Find, rows: readonly SideRow[]): Goal[] {
  // Start-up is not to count, where the run has the case for that.
  const usual = find(longCase, partner, ours) === undefined ? plainCase : longCase
  const [own, theirs] = [find(usual, ours, ours), find(usual, partner, partner)]
  const [leech, seed] = [find(usual, partner, ours), find(usual, ours, partner)]
  const others = (side: 'seeder' | 'leecher'): string[] => {
    const other = side === 'seeder' ? 'leecher' : 'seeder'
    return rows
      .filter((row) => row.case === usual && row[other] === partner && !isOurs(row[side]))
      .map((row) => row[side])
  }
  const best = (figures: readonly (SideFigures | undefined)[]): number | undefined => {
    const rates = figures.flatMap((one) => one?.mebibytesPerSecond ?? [])
    return rates.length === 0 ? undefined : Math.max(...rates)
  }
  const thrifty = find(usual, partner, 'aria2')?.leecher.cpuSecondsPerGibibyte
  return [
    atLeast(
      'Bitloom to Bitloom, throughput against libtorrent to libtorrent',
      2,
      own?.mebibytesPerSecond,
      theirs?.mebibytesPerSecond,
    ),
    atLeast(
      'Bitloom downloading from libtorrent, against the best other leecher',
      1,
      leech?.mebibytesPerSecond,
      best(others('leecher').map((name) => find(usual, partner, name))),
    ),
    atLeast(
      'Bitloom serving libtorrent, against the best other seeder',
      1,
      seed?.mebibytesPerSecond,
      best(others('seeder').map((name) => find(usual, name, partner))),
    ),
    atMost('CPU s/GiB of a Bitloom leecher against aria2', 1, leech?.leecher.cpuSecondsPerGibibyte, thrifty),
    atMost(
      'CPU s/GiB of a Bitloom seeder against libtorrent',
      0.35,
      seed?.seeder.cpuSecondsPerGibibyte,
      theirs?.seeder.cpuSecondsPerGibibyte,
    ),
  ]
}

function shapeGoals(find: Find, rows: readonly SideRow[]): Goal[] {
  const plain = find(plainCase, partner, ours)
  const all = rows
    .filter(({ leecher, results }) => leecher === ours && results.length > 0)
    .map((row) => ({ name: row.case, figures: figuresOf(row.results) }))
  const memory = all.map(({ figures }) => figures.leecher.peakAnonMebibytes)
  const delays = all.flatMap(({ figures }) => figures.leecher.loopDelayP99Ms ?? [])
  const shapes = ['files', 'peers-8', 'peers-50', 'pieces-256k', 'pieces-4m', 'pieces-16m']
  return [
    limit('peak anonymous memory of a download, the largest of all cases', 110, largest(memory), 'MiB'),
    limit('event-loop delay p99 while downloading, the largest of all cases', 20, largest(delays), 'ms'),
    ...shapes.map((name) =>
      atLeast(
        `${name}, throughput against the one-file case`,
        0.7,
        find(name, partner, ours)?.mebibytesPerSecond,
        plain?.mebibytesPerSecond,
      ),
    ),
  ]
}

function scaleGoals({ scale }: BenchResults): Goal[] {
  // Of fewer, as in a quick run, nothing can be said.
  const enough = <T extends { readonly count: number }>(found: T | undefined, least: number): T | undefined =>
    found !== undefined && found.count >= least ? found : undefined
  const idleTorrents = enough(scale?.idleTorrents, 10_000)
  const idlePeers = enough(scale?.idlePeers, 1_000)
  const percent = (share: number | undefined): number | undefined => (share === undefined ? undefined : share * 100)
  const torrents = '10,000 seeding torrents without peers'
  return [
    limit('start of `bitloom download` to the first dial', 200, scale?.starts?.[0]?.firstDialMs, 'ms'),
    limit(`${torrents}: RSS`, 150, idleTorrents?.rssMebibytes, 'MiB'),
    limit(`${torrents}: CPU`, 3, percent(idleTorrents?.cpuShare), '% of a core'),
    limit(`${torrents}: start from resume records`, 10, idleTorrents?.startSeconds, 's'),
    limit('1,000 connected idle peers: memory of each', 16, idlePeers && idlePeers.bytesEach / 1000, 'kB'),
    limit('1,000 idle peers told of 10 pieces a second: CPU', 5, percent(idlePeers?.stormCpuShare), '% of a core'),
  ]
}

function pathGoals({ paths }: BenchResults): Goal[] {
  return [50, 200].map((ms) => {
    const shares = paths?.farPeers.filter(({ roundTripMs }) => roundTripMs === ms) ?? []
    const least = shares.toSorted((a, b) => a.reachedRate / a.allowedRate - b.reachedRate / b.allowedRate)[0]
    const mebibytes = (rate: number | undefined) => rate && rate / 2 ** 20
    return atLeast(
      `one peer at ${ms} ms round trip, MiB/s against what line and window allow, the least of all rates`,
      0.8,
      mebibytes(least?.reachedRate),
      mebibytes(least?.allowedRate),
    )
  })
}

function stageGoals({ stages, ceilings }: BenchResults): Goal[] {
  const cost = (name: string): number | undefined => stages?.find((stage) => stage.name === name)?.cost
  const recheck = stages?.find(({ name }) => name === 'recheck')?.gigabytesPerSecond
  const sha1 = ceilings?.sha1 && (ceilings.sha1.gibibytesPerSecond * 2 ** 30) / 1e9
  const flat = (what: string): Goal => {
    const few = cost(`${what}, 2,000 pieces, 1 peers`)
    const many = cost(`${what}, 100,000 pieces, 1,000 peers`)
    return atMost(`${what}: µs per block at 100,000 pieces and 1,000 peers against 2,000 and 1`, 2, many, few)
  }
  return [
    atLeast('recheck with one worker, GB/s against `openssl speed sha1`', 0.8, recheck, sha1),
    flat('pick'),
    flat('engine'),
  ]
}

function largest(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.max(...values)
}

/** A goal on `value / base`. */
function atLeast(name: string, least: number, value: number | undefined, base: number | undefined): Goal {
  return ratio(name, `≥ ${least} ×`, value, base, (found) => found >= least)
}

function atMost(name: string, most: number, value: number | undefined, base: number | undefined): Goal {
  return ratio(name, `≤ ${most} ×`, value, base, (found) => found <= most)
}

function ratio(
  name: string,
  goal: string,
  value: number | undefined,
  base: number | undefined,
  test: (found: number) => boolean,
): Goal {
  if (value === undefined || base === undefined) return { name, goal, measured: undefined, isMet: undefined }
  const found = value / base
  return { name, goal, measured: `${found.toFixed(2)} × (${short(value)} : ${short(base)})`, isMet: test(found) }
}

function limit(name: string, most: number, value: number | undefined, unit: string): Goal {
  const goal = `≤ ${most} ${unit}`
  if (value === undefined) return { name, goal, measured: undefined, isMet: undefined }
  return { name, goal, measured: `${short(value)} ${unit}`, isMet: value <= most }
}

function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
}

/** The rows of a table, its head first. */
export function goalTable(goals: readonly Goal[]): string[][] {
  const rows = goals.map(({ name, goal, measured, isMet }) => [
    name,
    goal,
    measured ?? 'not measured in this run',
    isMet === undefined ? '' : isMet ? 'yes' : '**no**',
  ])
  return [['goal', 'figure', 'measured', 'met'], ...rows]
}

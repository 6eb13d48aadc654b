import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type IpEndpoint, type Metainfo, seededRandom } from '@bitloom/core'
import { expect, it } from 'vitest'
import { figure, isFull } from '../src/faults.js'
import { addressOf, inLab, type Lab } from '../src/lab.js'
import { runWith } from '../src/one-fault-run.js'
import { failSockets, OneFault } from '../src/one-fault.js'
import type { PayloadFiles } from '../src/payload.js'

const most = 2_000
/** How many files make a run have so many calls at least: the n-th call needs no larger one. */
const sizes = [
  { calls: 500, files: 50 },
  { calls: 1_000, files: 104 },
  { calls: 1_500, files: 156 },
  { calls: most, files: 210 },
]
/** Writes of sockets of the smallest, at least. */
const mostWrites = 20
/** In the long form every one, else so many by chance, the same each time. */
const sampled = 40
/** Runs side by side: most wait until what failed is tried again, which is after 5 s. */
const lanes = isFull ? 32 : 12

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1)
}

function chosen(): number[] {
  const all = upTo(most)
  if (isFull) return all
  const random = seededRandom('n-th calls')
  return Array.from({ length: sampled }, () => all.splice(random.below(all.length), 1)[0] ?? 0)
}

/** In folders, of lengths that no piece ends with; one is empty. */
function filesOf(count: number): PayloadFiles {
  const files = upTo(count).map((index) => [`${index % 4}/${index}.bin`, 8_000 + 97 * index] as const)
  return Object.fromEntries([...files, ['empty.bin', 0]])
}

/** Where a flush costs nothing, if there is such a place. */
async function fastFolder(lab: Lab): Promise<string> {
  const folder = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'bitloom-nth-'))
  lab.defer(() => rm(folder, { recursive: true, force: true }))
  return folder
}

it(
  'one call of files or sockets fails, whichever it is: a typed error or none, nothing wrong is claimed, and the data is right',
  inLab(async (lab) => {
    const folder = await fastFolder(lab)
    const faultAt = new Map<number, OneFault>()
    lab.defer(failSockets(({ remotePort = 0, localPort = 0 }) => faultAt.get(remotePort) ?? faultAt.get(localPort)))
    const torrents: Metainfo[] = []
    const seeders = await Promise.all(upTo(lanes).map(() => lab.session()))
    for (const { calls, files } of sizes) {
      const made = await lab.make(`album${calls}`, filesOf(files), { pieceLengthBytes: 16_384 })
      torrents.push(made.torrent)
      const { torrent, directory } = made
      for (const seeder of seeders) await seeder.add({ torrent, directory, check: 'skip' })
    }

    const struck = new Map<string, number>()
    const bad: string[] = []
    let told = 0
    const all = chosen().map((nth) => ({ nth, only: undefined }))
    const left = [...all, ...upTo(mostWrites).map((nth) => ({ nth, only: 'socket write' }))]
    const lane = async (peer: IpEndpoint): Promise<void> => {
      for (let next = left.pop(); next !== undefined; next = left.pop()) {
        const { nth, only } = next
        const torrent = torrents[sizes.findIndex(({ calls }) => nth <= calls)] as Metainfo
        const fault = new OneFault(nth, only)
        faultAt.set(peer.port, fault)
        const run = await runWith(fault, torrent, peer, join(folder, `${nth}-${only ?? 'any'}`))
        if (run.told.length > 0) told++
        const call = fault.struck ?? 'no call'
        struck.set(call, (struck.get(call) ?? 0) + 1)
        bad.push(...run.wrong.map((what) => `${call} ${nth}: ${what}`))
      }
    }
    await Promise.all(seeders.map((seeder) => lane(addressOf(seeder))))

    expect(bad).toEqual([])
    expect(struck.get('no call')).toBe(undefined)
    const writes = struck.get('socket write') ?? 0
    expect(writes).toBeGreaterThanOrEqual(mostWrites)
    const runs = all.length + mostWrites
    const what = `${runs} runs, each with one failure: of a socket in ${writes}, of a file in ${runs - writes} (${struck.size - 1} kinds of calls); ${told} told an error, each a typed one; all data right, nothing wrong was claimed`
    figure(`one call of files or sockets: ${what}`)
    console.log(`limits: one call of files or sockets: ${what}`)
  }),
  isFull ? 3_600_000 : 300_000,
)

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTorrent } from '@bitloom/core/node'
import { infoHashHex } from '@bitloom/core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { bitloom } from '../src/clients/bitloom.js'
import { type Client, startMs } from '../src/clients/client.js'
import { lastingDifference, openLab } from '../src/lab.js'
import { demand, foreignClients, lookForNeeds, mayRun } from '../src/needs.js'
import { manyFiles, oneFile, writePayload } from '../src/payload.js'

const full = process.env['BITLOOM_INTEROP_FULL'] === '1'
/** For telling a fault of the harness from one of ours: another client in Bitloom's place. */
const substitute = process.env['BITLOOM_INTEROP_SUBJECT']
const subject = foreignClients.find((client) => client.name === substitute) ?? bitloom

interface Payload {
  readonly name: string
  readonly torrent: string
  readonly infoHash: string
}

const payloads = full
  ? [
      { name: '1 GiB', files: oneFile(1024) },
      { name: '5,000 files', files: manyFiles(5000, 200_000) },
    ]
  : [
      { name: '64 MiB', files: oneFile(64) },
      { name: '500 files', files: manyFiles(500, 65_000) },
    ]

const needs = lookForNeeds()
/** Where the tracker of every test listens: the first host of its network. */
const announce = 'http://10.77.0.1:6969/announce'
let shelf: string
const made = new Map<string, Payload>()

beforeAll(async () => {
  shelf = mkdtempSync(join(tmpdir(), 'bitloom-payload-'))
  for (const { name, files } of payloads) {
    await writePayload(shelf, name, files)
    const { bytes, torrent } = await createTorrent(join(shelf, name), { trackers: [[announce]] })
    const file = join(shelf, `${name}.torrent`)
    writeFileSync(file, bytes)
    made.set(name, { name, torrent: file, infoHash: infoHashHex(torrent.infoHashes).v1 ?? '' })
  }
})

afterAll(() => rmSync(shelf, { recursive: true, force: true }))

/** One seeds on the left host, the other downloads to the right one. Answers how the files differ, byte by byte. */
async function transfer(seeder: Client, leecher: Client, payload: Payload): Promise<string | undefined> {
  const lab = openLab()
  onTestFinished(lab.closeAll)
  const { torrent, infoHash } = payload
  const tracker = await lab.openTracker(lab.left, [infoHash])
  const source = { ip: lab.left.ip, port: 6881 }
  const target = lab.emptyFolder('download')
  await seeder.seed(lab.job('seed', { torrent, infoHash, directory: shelf, host: lab.left, port: source.port }))
  await tracker.knows(infoHash, { peers: 1 }, startMs)
  const wish = { torrent, infoHash, directory: target, host: lab.right, port: 6882, peers: [source] }
  const { complete } = await leecher.leech(lab.job('leech', wish))
  await complete
  return lastingDifference(join(shelf, payload.name), join(target, payload.name), {
    settleMs: leecher === bitloom ? 0 : 5_000,
    exceptEmpty: leecher.skipsEmptyFiles,
  })
}

for (const client of foreignClients) {
  const missing = needs.missing(client.name, subject.name, 'network namespaces', 'opentracker')
  describe.skipIf(!mayRun(missing))(`${client.name}`, () => {
    for (const { name } of payloads) {
      const payload = (): Payload => {
        demand(missing)
        const found = made.get(name)
        if (found === undefined) throw new Error(`no payload ${name}`)
        return found
      }
      it(`seeds ${name}, ${subject.name} downloads`, async () => {
        expect(await transfer(client, subject, payload())).toBeUndefined()
      })
      it(`downloads ${name} that ${subject.name} seeds`, async () => {
        expect(await transfer(subject, client, payload())).toBeUndefined()
      })
    }
  })
}

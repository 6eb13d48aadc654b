import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatMagnet, infoHashHex, magnetOf } from '@bitloom/core'
import { createTorrent } from '@bitloom/core/node'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { aria2 } from '../src/clients/aria2.js'
import { bitloom, event, startBitloom } from '../src/clients/bitloom.js'
import { type Client, startMs } from '../src/clients/client.js'
import { libtorrent } from '../src/clients/libtorrent.js'
import { lastingDifference, openLab } from '../src/lab.js'
import { demand, lookForNeeds, mayRun } from '../src/needs.js'
import { manyFiles, writePayload } from '../src/payload.js'

// Magnet links both ways: the metadata (several pieces of it) and the files come from the other client.
const needs = lookForNeeds()
const trackerAt = '10.77.0.1:6969'
const made = { folder: '', torrent: '', infoHash: '', link: '' }

beforeAll(async () => {
  made.folder = mkdtempSync(join(tmpdir(), 'bitloom-payload-'))
  await writePayload(made.folder, 'payload', manyFiles(400, 30_000))
  const trackers = [[`http://${trackerAt}/announce`]]
  const { bytes, torrent } = await createTorrent(join(made.folder, 'payload'), { trackers, pieceLengthBytes: 16_384 })
  made.torrent = join(made.folder, 'payload.torrent')
  made.link = formatMagnet(magnetOf(torrent))
  made.infoHash = infoHashHex(torrent.infoHashes).v1 ?? ''
  writeFileSync(made.torrent, bytes)
  expect(torrent.info.length).toBeGreaterThan(2 * 16_384)
})
afterAll(() => rmSync(made.folder, { recursive: true, force: true }))

/** The leecher learns of the seeder from our tracker, or is told where it is. */
async function transfer(seeder: Client, leecher: Client, by: 'tracker' | 'peer'): Promise<string | undefined> {
  const lab = openLab()
  onTestFinished(lab.closeAll)
  const { infoHash, torrent, link } = made
  if (by === 'tracker') {
    const job = { host: lab.left, start: lab.start, state: lab.emptyFolder('state-tracker') }
    const tracker = startBitloom(job, ['tracker', '--http', trackerAt])
    await tracker.line('it listens', event('listening'), startMs)
  }
  await seeder.seed(lab.job('seed', { torrent, infoHash, directory: made.folder, host: lab.left, port: 6881 }))
  const directory = lab.emptyFolder('download')
  const { complete } = await leecher.leech(
    lab.job('leech', {
      torrent: link,
      infoHash,
      directory,
      host: lab.right,
      port: 6882,
      ...(by === 'peer' ? { peers: [{ ip: lab.left.ip, port: 6881 }] } : {}),
    }),
  )
  await complete
  return lastingDifference(join(made.folder, 'payload'), join(directory, 'payload'), {
    settleMs: leecher === bitloom ? 0 : 5_000,
    exceptEmpty: leecher.skipsEmptyFiles,
  })
}

for (const client of [libtorrent, aria2]) {
  const missing = needs.missing(client.name, 'bitloom', 'network namespaces')
  describe.skipIf(!mayRun(missing))(`by a magnet link ${client.name}`, () => {
    it.each(['tracker', 'peer'] as const)('is downloaded from, found by %s', async (by) => {
      demand(missing)
      expect(await transfer(client, bitloom, by)).toBeUndefined()
    })
    it('downloads from Bitloom', async () => {
      demand(missing)
      expect(await transfer(bitloom, client, 'tracker')).toBeUndefined()
    })
  })
}

const missing = needs.missing('libtorrent', 'bitloom', 'network namespaces')
describe.skipIf(!mayRun(missing))('peer exchange', () => {
  it('with libtorrent brings together two peers that know only it', async () => {
    demand(missing)
    const lab = openLab()
    onTestFinished(lab.closeAll)
    const { infoHash, torrent } = made
    const [far, middle] = [`${lab.left.ip}:6881`, `${lab.right.ip}:6882`]
    const start = (role: string, host: typeof lab.left, args: readonly string[]) =>
      startBitloom({ host, start: lab.start, state: lab.emptyFolder(`state-${role}`) }, [...args, '--no-trackers'])
    const seeder = start('seed', lab.left, ['seed', torrent, made.folder, '--listen', far, '--limit-up', '64K'])
    await seeder.line('it seeds', event('seeding'), startMs)
    const directory = lab.emptyFolder('middle')
    const peer = { ip: lab.left.ip, port: 6881 }
    await libtorrent.leech(
      lab.job('middle', { torrent, infoHash, directory, host: lab.right, port: 6882, peers: [peer] }),
    )
    const own = ['-o', lab.emptyFolder('own'), '--listen', `${lab.right.ip}:6883`, '--peer', middle]
    const leecher = start('own', lab.right, ['download', torrent, ...own])
    // Both are told of the other, and whoever hears of it first dials: the seeder comes from a port of its own then.
    const isSeeder = (address: unknown): boolean => String(address).startsWith(`${lab.left.ip}:`)
    const met = (line: string): true | undefined => (isSeeder(event('peer')(line)?.['address']) ? true : undefined)
    // Its first message may have been too early to name the other; the next come a minute apart.
    await leecher.line('the seeder was met', met, 90_000)
  })
})

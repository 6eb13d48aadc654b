import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { infoHashHex } from '@bitloom/core'
import { createTorrent } from '@bitloom/core/node'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { bitloom, event, startBitloom } from '../src/clients/bitloom.js'
import { type Client, startMs } from '../src/clients/client.js'
import { webtorrent, webtorrentScript } from '../src/clients/webtorrent.js'
import { lastingDifference, type Lab, openLab } from '../src/lab.js'
import { demand, lookForNeeds, mayRun } from '../src/needs.js'
import { oneFile, writePayload } from '../src/payload.js'
import { run } from '../src/process.js'

const needs = lookForNeeds()
const trackerPort = 6969
let shelf: string

beforeAll(async () => {
  shelf = mkdtempSync(join(tmpdir(), 'bitloom-payload-'))
  await writePayload(shelf, 'payload', oneFile(4))
})

afterAll(() => rmSync(shelf, { recursive: true, force: true }))

async function torrentFor(lab: Lab, url: string): Promise<{ torrent: string; infoHash: string }> {
  const made = await createTorrent(join(shelf, 'payload'), { trackers: [[url]] })
  const torrent = join(lab.folder, 'payload.torrent')
  writeFileSync(torrent, made.bytes)
  return { torrent, infoHash: infoHashHex(made.torrent.infoHashes).v1 ?? '' }
}

/** Nobody is told of the other: they meet through the tracker or not at all. Answers how the files differ. */
async function meet(lab: Lab, client: Client, torrent: string, infoHash: string): Promise<string | undefined> {
  await client.seed(lab.job('seed', { torrent, infoHash, directory: shelf, host: lab.left, port: 6881 }))
  const target = lab.emptyFolder('download')
  const wish = { torrent, infoHash, directory: target, host: lab.right, port: 6882 }
  const { complete } = await client.leech(lab.job('leech', wish))
  await complete
  return lastingDifference(join(shelf, 'payload'), join(target, 'payload'), { settleMs: 5_000 })
}

function ownLab(missing: readonly string[]): Lab {
  demand(missing)
  const lab = openLab()
  onTestFinished(lab.closeAll)
  return lab
}

const missingForOpenTracker = needs.missing('bitloom', 'network namespaces', 'opentracker')
describe.skipIf(!mayRun(missingForOpenTracker))('opentracker', () => {
  it.each([['HTTP', 'httpUrl'] as const, ['UDP', 'udpUrl'] as const])(
    'brings two Bitlooms together over %s',
    async (_name, url) => {
      const lab = ownLab(missingForOpenTracker)
      // The tracker has to know the hash, and the hash does not depend on the tracker's address.
      const { infoHash } = await torrentFor(lab, 'http://nowhere.invalid/announce')
      const tracker = await lab.openTracker(lab.left, [infoHash])
      const { torrent } = await torrentFor(lab, tracker[url])
      expect(await meet(lab, bitloom, torrent, infoHash)).toBeUndefined()
      await tracker.knows(infoHash, { seeders: 2 }, 10_000)
    },
  )
})

/** `bitloom tracker` on the left host, with both protocols on one port. */
async function startTracker(lab: Lab): Promise<Readonly<Record<'HTTP' | 'UDP', string>>> {
  const at = `${lab.left.ip}:${trackerPort}`
  const job = { host: lab.left, start: lab.start, state: lab.emptyFolder('state-tracker') }
  const tracker = startBitloom(job, ['tracker', '--http', at, '--udp', at])
  await tracker.line('it listens', event('listening'), startMs)
  return { HTTP: `http://${at}/announce`, UDP: `udp://${at}` }
}

const missingForWebTorrent = needs.missing('bitloom', 'network namespaces', 'webtorrent')
describe.skipIf(!mayRun(missingForWebTorrent))('our tracker', () => {
  it.each(['HTTP', 'UDP'] as const)('brings two WebTorrents together over %s', async (protocol) => {
    const lab = ownLab(missingForWebTorrent)
    const urls = await startTracker(lab)
    const { torrent, infoHash } = await torrentFor(lab, urls[protocol])
    expect(await meet(lab, webtorrent, torrent, infoHash)).toBeUndefined()
  })

  it.each(['HTTP', 'UDP'] as const)('answers the client of bittorrent-tracker over %s', async (protocol) => {
    const lab = ownLab(missingForWebTorrent)
    const urls = await startTracker(lab)
    const [node, script] = webtorrentScript('tracker-client.mjs')
    const args = [script, urls[protocol], 'ab'.repeat(20)]
    const output = await run({ name: 'tracker-client', command: node, args, namespace: lab.right.namespace })
    const answers: unknown[] = output
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line))
    expect(answers).toEqual([
      { event: 'seeder started', complete: 1, incomplete: 0 },
      { event: 'leecher started', complete: 1, incomplete: 1 },
      { event: 'leecher heard', peers: [`${lab.right.ip}:7001`] },
      { event: 'scraped', complete: 1, incomplete: 1, downloaded: 0 },
      { event: 'leecher completed', complete: 2, incomplete: 0 },
      { event: 'leecher stopped', complete: 1, incomplete: 0 },
      { event: 'seeder stopped', complete: 0, incomplete: 0 },
    ])
  })
})

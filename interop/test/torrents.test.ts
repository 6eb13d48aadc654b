import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { infoHashHex, type TorrentFormat } from '@bitloom/core'
import { createTorrent, parseTorrent } from '@bitloom/core/node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { libtorrentHashes } from '../src/clients/libtorrent.js'
import { demand, lookForNeeds, mayRun } from '../src/needs.js'
import { manyFiles, oneFile, writePayload } from '../src/payload.js'
import { run } from '../src/process.js'

const needs = lookForNeeds()
const names = ['single', 'several'] as const
let shelf: string

beforeAll(async () => {
  shelf = mkdtempSync(join(tmpdir(), 'bitloom-payload-'))
  await writePayload(shelf, 'single', oneFile(3))
  await writePayload(shelf, 'several', manyFiles(40, 60_000))
})

afterAll(() => rmSync(shelf, { recursive: true, force: true }))

async function tool(command: string, ...args: string[]): Promise<string> {
  return run({ name: command, command, args })
}

/** What Transmission's own tool says of a torrent. */
async function shownHash(torrent: string): Promise<string | undefined> {
  return /Hash: ([0-9a-f]{40})/.exec(await tool('transmission-show', torrent))?.[1]
}

/** Tools that make torrents, each with the arguments for a payload and where to put the torrent. */
const makers = [
  {
    name: 'mktorrent',
    files: 40,
    args: (data: string, out: string) => ['-l', '16', '-a', 'http://tracker.invalid/a', '-o', out, data],
  },
  {
    name: 'transmission-create',
    // It leaves empty files out.
    files: 39,
    args: (data: string, out: string) => ['-s', '64', '-t', 'http://tracker.invalid/a', '-o', out, data],
  },
]

for (const maker of makers) {
  const missing = needs.missing(maker.name, 'transmission-create')
  describe.skipIf(!mayRun(missing))(`a torrent by ${maker.name}`, () => {
    it.each(names)('of the payload "%s" has the same info-hash here', async (name) => {
      demand(missing)
      const out = join(shelf, `${maker.name}-${name}.torrent`)
      await tool(maker.name, ...maker.args(join(shelf, name), out))
      const torrent = parseTorrent(readFileSync(out))
      const hash = infoHashHex(torrent.infoHashes).v1
      expect(hash).toMatch(/^[0-9a-f]{40}$/)
      expect(hash).toBe(await shownHash(out))
      expect(torrent.trackers).toEqual([['http://tracker.invalid/a']])
      expect(torrent.files.length).toBe(name === 'single' ? 1 : maker.files)
    })
  })
}

const missing = needs.missing('libtorrent')
describe.skipIf(!mayRun(missing))('a torrent by us', () => {
  const formats: readonly TorrentFormat[] = ['v1', 'hybrid', 'v2']
  it.each(formats.flatMap((format) => names.map((name) => [format, name] as const)))(
    'in the format %s of the payload "%s" has the same info-hashes in libtorrent',
    async (format, name) => {
      demand(missing)
      const { bytes, torrent } = await createTorrent(join(shelf, name), { format, pieceLengthBytes: 65_536 })
      mkdirSync(join(shelf, format), { recursive: true })
      const out = join(shelf, format, `${name}.torrent`)
      writeFileSync(out, bytes)
      const ours = infoHashHex(torrent.infoHashes)
      expect(Object.keys(ours).sort()).toEqual({ v1: ['v1'], hybrid: ['v1', 'v2'], v2: ['v2'] }[format])
      expect(libtorrentHashes(out)).toEqual(ours)
    },
  )
})

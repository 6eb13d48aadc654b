import type { IpEndpoint, Session, TorrentHandle } from '@bitloom/core'
import { openLongPath, type PathShape } from '@bitloom/interop/long-path'
import { barePace, Pace } from '@bitloom/interop/pace'
import { describe, expect, it } from 'vitest'
import { addressOf, inLab, type Lab, type LabSession, type Made, seed, until } from '../src/lab.js'
import { differences } from '../src/payload.js'

/** A quarter of what two shared cores manage with ease. */
const bytesPerSecond = 6_000_000

/** The address of a session as somebody sees it who is far away. */
async function farAway(lab: Lab, session: Session, shape: PathShape): Promise<IpEndpoint> {
  const near = addressOf(session)
  const path = await openLongPath(near, shape)
  lab.defer(() => path.close())
  return { ...near, port: path.port }
}

async function farSeed(lab: Lab, made: Made, shape: PathShape, options?: LabSession): Promise<IpEndpoint> {
  const session = await lab.session(options)
  await seed(session, made)
  return farAway(lab, session, shape)
}

interface Download {
  readonly handle: TorrentHandle
  readonly pace: Pace
  readonly directory: string
}

async function download(lab: Lab, made: Made, name: string, peers: IpEndpoint[], options?: LabSession) {
  const session = await lab.session({ listen: false, ...options })
  const { torrent } = made
  const pace = new Pace(torrent.lengthBytes)
  session.hooks.pieceVerified.tap((piece) => pace.add(torrent.layout.pieceLength(piece)))
  const directory = lab.path(name)
  return { handle: await session.add({ torrent, directory, peers }), pace, directory } satisfies Download
}

async function expectWhole(made: Made, { handle, directory }: Download): Promise<void> {
  await handle.completed
  expect(await differences(made.path, `${directory}/${made.torrent.name}`)).toEqual([])
}

describe('one peer far away', () => {
  it.for([50, 200])(
    'sends four fifths at least of what a line of %i ms round trip lets through',
    inLab(async (lab, roundTripMs) => {
      const made = await lab.make('far', { '': 15_000_000 }, { pieceLengthBytes: 262_144 })
      const shape = { oneWayMs: roundTripMs / 2, bytesPerSecond }
      const peers = [await farSeed(lab, made, shape)]
      // At the same time, so that what else the machine does meets both.
      const allowed = barePace(made.torrent.lengthBytes, shape)
      const leecher = await download(lab, made, 'downloads', peers)
      await expectWhole(made, leecher)
      expect(leecher.pace.bytesPerSecond).toBeGreaterThan((await allowed) * 0.8)
    }),
  )
})

/** Round trips in milliseconds. */
const distances = [20, 50, 100, 200]

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

/** What the least got, as a share of what it would be if all got the same. */
function leastShare(got: readonly number[]): number {
  return (Math.min(...got) * got.length) / sum(got)
}

describe('many peers, near and far', () => {
  it(
    'share the rate at which we may receive, and leave none of it',
    inLab(async (lab) => {
      const made = await lab.make('far', { '': 15_000_000 }, { pieceLengthBytes: 262_144 })
      const peers = await Promise.all(distances.map((ms) => farSeed(lab, made, { oneWayMs: ms / 2 })))
      const limits = { downBytesPerSecond: bytesPerSecond }
      const leecher = await download(lab, made, 'downloads', peers, { limits })
      await expectWhole(made, leecher)
      const got = [...leecher.handle.view.peers].map(({ downloadedBytes }) => downloadedBytes)
      expect(got).toHaveLength(distances.length)
      expect(leastShare(got)).toBeGreaterThan(0.5)
      expect(leecher.pace.bytesPerSecond).toBeGreaterThan(bytesPerSecond * 0.8)
    }),
  )

  it(
    'share the rate at which we may send, and leave none of it',
    inLab(async (lab) => {
      const made = await lab.make('far', { '': 8_000_000 }, { pieceLengthBytes: 131_072 })
      const seeder = await lab.session({ limits: { upBytesPerSecond: bytesPerSecond } })
      await seed(seeder, made)
      const leechers = await Promise.all(
        distances.map(async (ms) =>
          download(lab, made, `download-${ms}`, [await farAway(lab, seeder, { oneWayMs: ms / 2 })]),
        ),
      )
      const now = () => ({ ms: performance.now(), bytes: leechers.map(({ pace }) => pace.cameBytes) })
      // Who is near begins earlier.
      await until('all have something', () => leechers.every(({ pace }) => pace.cameBytes > 0))
      const begun = now()
      await Promise.race(leechers.map(({ handle }) => handle.completed))
      const ended = now()
      const got = ended.bytes.map((bytes, index) => bytes - (begun.bytes[index] ?? 0))
      expect(leastShare(got)).toBeGreaterThan(0.5)
      expect((sum(got) * 1000) / (ended.ms - begun.ms)).toBeGreaterThan(bytesPerSecond * 0.8)
    }),
  )

  it(
    'are not held up by some that are slow',
    inLab(async (lab) => {
      const made = await lab.make('far', { '': 15_000_000 }, { pieceLengthBytes: 1_048_576 })
      const quickSeed = await lab.session()
      await seed(quickSeed, made)
      const quick = { oneWayMs: 25, bytesPerSecond }
      const slow = { oneWayMs: 100, bytesPerSecond: bytesPerSecond / 100 }
      const slowPeers = [await farSeed(lab, made, slow), await farSeed(lab, made, slow)]
      const startedMs = performance.now()
      const time = async (name: string, others: IpEndpoint[]) => {
        const peers = [await farAway(lab, quickSeed, quick), ...others]
        const leecher = await download(lab, made, name, peers)
        await expectWhole(made, leecher)
        const parts = [...leecher.handle.view.peers].map(({ downloadedBytes }) => downloadedBytes)
        return { ms: performance.now() - startedMs, parts }
      }
      // At the same time, each through a line of its own.
      const [mixed, alone] = await Promise.all([time('mixed', slowPeers), time('alone', [])])
      expect(mixed.parts.filter((bytes) => bytes > 0)).toHaveLength(3)
      expect(mixed.ms).toBeLessThan(alone.ms * 1.25)
    }),
  )
})

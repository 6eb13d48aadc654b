import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createSession, type IpEndpoint, type Metainfo, type Session } from '@bitloom/core'
import { createTorrent, nodePorts } from '@bitloom/core/node'
import { openLongPath, type PathShape } from '@bitloom/interop/long-path'
import { barePace, Pace } from '@bitloom/interop/pace'
import { oneFile, writePayload } from '@bitloom/interop/payload'
import { piecePicker } from '@bitloom/piece-picker'
import { storageFs } from '@bitloom/storage-fs'

const mebibyte = 2 ** 20
const megabit = 125_000
/** Both sides say in their handshakes (`reqq`, BEP 10) that they queue so many requests for blocks of 16 KiB. */
const windowBytes = 500 * 16_384
const distancesMs = [20, 50, 100, 200]

/** One peer at the end of a long line. Bytes per second. */
export interface FarPeer {
  readonly roundTripMs: number
  readonly lineRate: number
  /** What a bare TCP stream reached through such a line at the same time, or the window in a round trip if that is less. */
  readonly allowedRate: number
  readonly reachedRate: number
}

export interface PathResults {
  readonly farPeers: readonly FarPeer[]
  /** Peers of 20 to 200 ms share a download limit: what the least brought, as a share of what each would if all were equal. */
  readonly leastShare: number
  /** The time that a quick peer takes together with two of a hundredth of its rate, as a multiple of its time alone. */
  readonly slowedBy: number
}

export interface PathPlan {
  readonly folder: string
  /** Only the lower rate. */
  readonly quick: boolean
  progress(line: string): void
}

/** Sessions of one payload: seeders at the end of long lines, and who downloads from them. */
interface Country {
  far(shape: PathShape): Promise<IpEndpoint>
  /** Downloads all of it. */
  download(peers: readonly IpEndpoint[], limit?: number): Promise<Downloaded>
}

interface Downloaded {
  /** Once a quarter was there. */
  readonly bytesPerSecond: number
  readonly ms: number
  /** What each peer brought. */
  readonly parts: readonly number[]
}

/** Measures with sessions and lines of this process. */
export async function measurePaths({ folder, quick, progress }: PathPlan): Promise<PathResults> {
  const farPeers: FarPeer[] = []
  for (const megabits of quick ? [50] : [50, 500]) {
    for (const roundTripMs of [50, 200]) {
      const shape = { oneWayMs: roundTripMs / 2, bytesPerSecond: megabits * megabit }
      const mebibytes = Math.round((shape.bytesPerSecond * (quick ? 2 : 4)) / mebibyte)
      const peer = await inCountry(folder, mebibytes, (country) => measurePeer(country, mebibytes * mebibyte, shape))
      farPeers.push(peer)
      progress(`one peer, ${megabits} Mbit/s, ${roundTripMs} ms: ${percent(peer.reachedRate / peer.allowedRate)}`)
    }
  }
  const leastShare = await inCountry(folder, 16, measureShares)
  progress(`peers that share a limit: the least has ${percent(leastShare)} of an equal share`)
  const slowedBy = await inCountry(folder, 16, measureSlowPeers)
  progress(`with slow peers: ${slowedBy.toFixed(2)} times of the time without`)
  return { farPeers, leastShare, slowedBy }
}

async function measurePeer(country: Country, lengthBytes: number, shape: PathShape): Promise<FarPeer> {
  const peer = await country.far(shape)
  // Together, so that what else the machine does meets both.
  const [bare, { bytesPerSecond }] = await Promise.all([barePace(lengthBytes, shape), country.download([peer])])
  const roundTripMs = shape.oneWayMs * 2
  return {
    roundTripMs,
    lineRate: shape.bytesPerSecond ?? Infinity,
    allowedRate: Math.min(bare, (windowBytes * 1000) / roundTripMs),
    reachedRate: bytesPerSecond,
  }
}

async function measureShares(country: Country): Promise<number> {
  const peers = await Promise.all(distancesMs.map((ms) => country.far({ oneWayMs: ms / 2 })))
  const { parts } = await country.download(peers, 50 * megabit)
  return (Math.min(...parts) * peers.length) / parts.reduce((sum, part) => sum + part, 0)
}

async function measureSlowPeers(country: Country): Promise<number> {
  const quick = { oneWayMs: 25, bytesPerSecond: 50 * megabit }
  const slow = { oneWayMs: 100, bytesPerSecond: quick.bytesPerSecond / 100 }
  const [first, second, ...others] = await Promise.all([quick, quick, slow, slow].map((shape) => country.far(shape)))
  if (first === undefined || second === undefined) return Number.NaN
  const [mixed, alone] = await Promise.all([country.download([first, ...others]), country.download([second])])
  return mixed.ms / alone.ms
}

async function inCountry<T>(folder: string, mebibytes: number, measure: (country: Country) => Promise<T>): Promise<T> {
  const home = join(folder, 'paths')
  mkdirSync(home)
  const ends: (() => Promise<void>)[] = []
  try {
    await writePayload(home, 'data', oneFile(mebibytes))
    const { torrent } = await createTorrent(join(home, 'data'), { pieceLengthBytes: mebibyte / 4 })
    return await measure(countryOf(home, torrent, ends))
  } finally {
    for (const end of ends.toReversed()) await end()
    rmSync(home, { recursive: true })
  }
}

function countryOf(home: string, torrent: Metainfo, ends: (() => Promise<void>)[]): Country {
  const open = async (limit?: number): Promise<Session> => {
    const session = await createSession({
      plugins: [nodePorts(), storageFs(), piecePicker()],
      listen: { hosts: ['127.0.0.1'], ports: [0] },
      ...(limit === undefined ? {} : { limits: { downBytesPerSecond: limit } }),
    })
    ends.push(() => session.close())
    return session
  }
  return {
    far: async (shape) => {
      const session = await open()
      const { ready } = await session.add({ torrent, directory: home })
      await ready
      const [near] = session.addresses
      if (near === undefined) throw new Error('a seeder does not listen')
      const path = await openLongPath(near, shape)
      ends.push(() => path.close())
      return { ...near, port: path.port }
    },
    download: async (peers, limit) => {
      const session = await open(limit)
      const pace = new Pace(torrent.lengthBytes)
      session.hooks.pieceVerified.tap((piece) => pace.add(torrent.layout.pieceLength(piece)))
      const startedMs = performance.now()
      const directory = join(home, `download-${ends.length}`)
      const { view, completed } = await session.add({ torrent, directory, peers: [...peers] })
      await completed
      const parts = [...view.peers].map(({ downloadedBytes }) => downloadedBytes)
      return { bytesPerSecond: pace.bytesPerSecond, ms: performance.now() - startedMs, parts }
    },
  }
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`
}

/** The rows of a table, its head first. */
export function pathTable({ farPeers, leastShare, slowedBy }: PathResults): string[][] {
  const mebibytes = (rate: number): string => `${(rate / mebibyte).toFixed(1)} MiB/s`
  return [
    ['long path', 'allowed', 'reached', 'share'],
    ...farPeers.map(({ roundTripMs, lineRate, allowedRate, reachedRate }) => [
      `one peer, ${lineRate / megabit} Mbit/s, ${roundTripMs} ms round trip`,
      mebibytes(allowedRate),
      mebibytes(reachedRate),
      percent(reachedRate / allowedRate),
    ]),
    ['four peers of 20 to 200 ms share a limit: the least, of an equal share', '', '', percent(leastShare)],
    ['a quick peer and two of a hundredth of its rate: time, of that alone', '', '', percent(slowedBy)],
  ]
}

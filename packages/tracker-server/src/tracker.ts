import { randomBytes, randomInt } from 'node:crypto'
import { BitloomError, type Clock, formatEndpoint, type IpEndpoint, type Random } from '@bitloom/core'
import { createConnectionIds } from './connection-ids.js'
import { openHttp } from './http.js'
import { type Door, type ListenAt, openFirst } from './listening.js'
import { type Allow, createService, type TrackerEvent, type TrackerProtocol, type TrackerStats } from './service.js'
import { Swarms } from './swarm.js'
import { openUdp } from './udp.js'

/** How a tracker is made. Every number is a whole one. */
export interface TrackerOptions {
  /** Default: port 6969 of all addresses. `false` = no HTTP. */
  readonly http?: ListenAt | false
  /** Default: port 6969 of all addresses. `false` = no UDP. */
  readonly udp?: ListenAt | false
  /** How often peers shall announce, 1 to 86,400. Default 1800. */
  readonly intervalSeconds?: number
  /** How often they may. Default 30, or the interval where that is less. */
  readonly minIntervalSeconds?: number
  /** When a silent peer is forgotten. Default twice the interval, 150 at least. */
  readonly expireAfterSeconds?: number
  /** Which torrents are served. Default: all. */
  readonly allow?: Allow
  /** Default 10,000. A newcomer to a full torrent is told peers but not remembered. */
  readonly maxPeersPerTorrent?: number
  /** Default 500,000 in all torrents together. */
  readonly maxPeers?: number
  /** Default 100,000. Further torrents are refused. */
  readonly maxTorrents?: number
  /** A slow HTTP request is cut off after this time. Default 10. */
  readonly requestSeconds?: number
  /** Told what happens, at once; what it throws becomes a process warning. */
  readonly on?: (event: TrackerEvent) => void
  readonly clock?: Pick<Clock, 'nowMs' | 'after'>
  readonly random?: Pick<Random, 'bytes' | 'below'>
}

export interface TrackerAddress {
  readonly protocol: TrackerProtocol
  /** The bound address; the host is "::" or "0.0.0.0" where it is all of them. */
  readonly at: IpEndpoint
  /** The announce URL as this machine reaches it. */
  readonly url: string
}

/** A running tracker. */
export interface Tracker extends AsyncDisposable {
  /** HTTP first. */
  readonly addresses: readonly TrackerAddress[]
  /** As of now. */
  readonly stats: TrackerStats
  /** Ends all connections, sockets and timers. Idempotent. */
  close(): Promise<void>
}

const defaultPort = 6969
const sweepMs = 60_000

/**
 * Starts a tracker that speaks HTTP (BEP 3, 7, 23, 24, 48) and UDP (BEP 15) over one set of swarms.
 * @throws BitloomError ADDRESS_IN_USE or DENIED naming the address; INVALID_ARGUMENT naming the option
 */
export async function createTracker(options: TrackerOptions = {}): Promise<Tracker> {
  const clock = options.clock ?? systemClock
  const random = options.random ?? systemRandom
  const settings = readSettings(options)
  const swarms = new Swarms(settings, random)
  const { intervalSeconds, minIntervalSeconds } = settings
  const nowMs = (): number => clock.nowMs()
  const service = createService({
    swarms,
    intervalSeconds,
    minIntervalSeconds,
    allow: options.allow,
    on: options.on,
    nowMs,
  })
  const ids = createConnectionIds(random.bytes(32))
  const times = { requestMs: settings.requestSeconds * 1000 }
  const doors = await openDoors(options, {
    http: (host, port) => openHttp(service, times, host, port),
    udp: (host, port) => openUdp(service, ids, nowMs, host, port),
  })

  let cancelSweep = (): void => {}
  const sweepLater = (): void => {
    cancelSweep = clock.after(sweepMs, () => {
      swarms.expire(nowMs())
      sweepLater()
    })
  }
  sweepLater()
  const close = async (): Promise<void> => {
    cancelSweep()
    await Promise.all(doors.map(({ door }) => door.close()))
  }
  return {
    addresses: doors.map(({ protocol, door }) => ({ protocol, at: door.at, url: urlOf(protocol, door.at) })),
    get stats() {
      return service.stats
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

type Open = (host: string, port: number) => Promise<Door>
interface NamedDoor {
  readonly protocol: TrackerProtocol
  readonly door: Door
}

/** All doors or, after a failure, none. */
async function openDoors(options: TrackerOptions, open: Record<TrackerProtocol, Open>): Promise<NamedDoor[]> {
  const doors: NamedDoor[] = []
  try {
    for (const protocol of ['http', 'udp'] as const) {
      const at = options[protocol] ?? { port: defaultPort }
      if (at === false) continue
      whole(`${protocol}.port`, at.port, 0, 65_535)
      doors.push({ protocol, door: await openFirst(protocol, at, open[protocol]) })
    }
  } catch (error) {
    await Promise.all(doors.map(({ door }) => door.close()))
    throw error
  }
  if (doors.length === 0) throw new BitloomError('INVALID_ARGUMENT', 'A tracker needs HTTP or UDP or both.')
  return doors
}

function urlOf(protocol: TrackerProtocol, at: IpEndpoint): string {
  const host = at.host === '::' || at.host === '0.0.0.0' ? '127.0.0.1' : at.host
  return `${protocol}://${formatEndpoint({ ...at, host })}/announce`
}

function readSettings(options: TrackerOptions) {
  const intervalSeconds = whole('intervalSeconds', options.intervalSeconds ?? 1800, 1, 86_400)
  const minimum = options.minIntervalSeconds ?? Math.min(30, intervalSeconds)
  // Clients raise short intervals, to one minute in most: they must not be forgotten for it.
  const expireAfter = options.expireAfterSeconds ?? Math.max(2 * intervalSeconds, 150)
  return {
    intervalSeconds,
    minIntervalSeconds: whole('minIntervalSeconds', minimum, 1, intervalSeconds),
    expireAfterMs: whole('expireAfterSeconds', expireAfter, 1, 604_800) * 1000,
    maxPeersPerTorrent: whole('maxPeersPerTorrent', options.maxPeersPerTorrent ?? 10_000, 1, 1e7),
    maxPeers: whole('maxPeers', options.maxPeers ?? 500_000, 1, 1e8),
    maxTorrents: whole('maxTorrents', options.maxTorrents ?? 100_000, 1, 1e7),
    requestSeconds: whole('requestSeconds', options.requestSeconds ?? 10, 1, 300),
  }
}

function whole(name: string, value: number, low: number, high: number): number {
  if (Number.isInteger(value) && value >= low && value <= high) return value
  throw new BitloomError('INVALID_ARGUMENT', `The option ${name} must be a whole number from ${low} to ${high}.`)
}

const systemClock: Pick<Clock, 'nowMs' | 'after'> = {
  nowMs: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  },
}

const systemRandom: Pick<Random, 'bytes' | 'below'> = {
  bytes: (length) => new Uint8Array(randomBytes(length)),
  below: (limit) => randomInt(limit),
}

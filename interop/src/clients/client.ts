import type { Host } from '../network.js'
import type { Command, Running } from '../process.js'

/** Where a peer listens. */
export interface Address {
  readonly ip: string
  readonly port: number
}

/** One transfer of one torrent, for one side of it. */
export interface Job {
  /** The .torrent file; for a leech it may be a magnet link. */
  readonly torrent: string
  /** 40 hex digits. */
  readonly infoHash: string
  /** Contains the torrent's own name: what to serve, or where to download to. */
  readonly directory: string
  readonly host: Host
  readonly port: number
  /** For a leech: who has it. A client without a way to be told finds them through the torrent's tracker. */
  readonly peers?: readonly Address[]
  /** For a seed: so many peers, on `port` and those that follow. Only libtorrent can do that; default 1. */
  readonly copies?: number
  /** How long the download may take; by default `transferMs`. */
  readonly transferMs?: number
  /** An empty folder for settings and state. */
  readonly state: string
  /** Starts a program that is stopped at the end of the test. */
  start(command: Command): Running
}

/** A client that seeds. */
export interface Seeding {
  readonly process: Running
}

/** A client that downloads. */
export interface Leeching {
  readonly process: Running
  /** Resolves when the client says that it has everything; rejects with its log when it ends or the time is up. */
  readonly complete: Promise<void>
}

/** A BitTorrent client as a program. */
export interface Client {
  readonly name: string
  /** It is Bitloom, with whatever version of Node. */
  readonly isOurs?: boolean
  /** It does not make the files of a torrent that have no bytes. */
  readonly skipsEmptyFiles?: boolean
  /** Is it installed? */
  available(): boolean
  /** Resolves when it serves what is in the directory, at the latest as soon as it has announced itself. */
  seed(job: Job): Promise<Seeding>
  leech(job: Job): Promise<Leeching>
}

/** How long a client may take to start and to check what it seeds, and to download. */
export const startMs = 60_000
export const transferMs = process.env['BITLOOM_INTEROP_FULL'] === '1' ? 600_000 : 90_000

/** The addresses of a job's peers as programs take them: HOST:PORT. */
export function peerArguments(job: Job): string[] {
  return (job.peers ?? []).map(({ ip, port }) => `${ip}:${port}`)
}

/** A promise that nobody awaits yet, whose failure is not an unhandled one. */
export function later<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}

import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  createSession,
  type IpEndpoint,
  type Metainfo,
  type Plugin,
  type Session,
  type SessionOptions,
  type TorrentView,
} from '@bitloom/core'
import { createTorrent, type CreateTorrentOptions, nodePorts } from '@bitloom/core/node'
import { piecePicker } from '@bitloom/piece-picker'
import { resumeFs } from '@bitloom/resume-fs'
import { storageFs, type StorageFsOptions } from '@bitloom/storage-fs'
import { trackerHttp } from '@bitloom/tracker-http'
import { createTracker, type Tracker, type TrackerOptions } from '@bitloom/tracker-server'
import { trackerUdp } from '@bitloom/tracker-udp'
import { type TestContext, vi } from 'vitest'
import { type PayloadFiles, writePayload } from './payload.js'

export interface LabSession extends Partial<Omit<SessionOptions, 'plugins'>> {
  /** Beside those that every session has. */
  readonly plugins?: readonly Plugin[]
  readonly storage?: StorageFsOptions
  /** The state folder; without one, records live in memory. */
  readonly stateDirectory?: string
  /** Default 127.0.0.1. */
  readonly hosts?: readonly string[]
}

/** A payload with its torrent. */
export interface Made {
  readonly torrent: Metainfo
  readonly bytes: Uint8Array
  /** The payload itself: `directory` and the name. */
  readonly path: string
  /** What a seeding session is given. */
  readonly directory: string
}

/** Real sessions, trackers and files on loopback, which all end with the test. */
export interface Lab {
  /** A path below the temporary folder of this test. */
  path(...parts: readonly string[]): string
  /** Writes a payload below `source` and makes its torrent; pieces of 32 KiB unless told otherwise. */
  make(name: string, files: PayloadFiles, options?: CreateTorrentOptions): Promise<Made>
  session(options?: LabSession): Promise<Session>
  /** Both protocols on free ports of one address; `announces` has its announce URLs, HTTP first. */
  tracker(options?: TrackerOptions & { host?: string }): Promise<Tracker>
  /** Runs when the test ends, before the folder goes; last in, first out. */
  defer(dispose: () => unknown): void
}

/** The function of a test that has a lab of its own: `it('…', inLab(async (lab) => …))`, with `it.for` its case too. */
export function inLab<A extends readonly unknown[]>(
  run: (lab: Lab, ...args: A) => Promise<void>,
): (...args: [...A, TestContext]) => Promise<void> {
  return async (...args) => {
    const context = args.at(-1) as TestContext
    const { lab, close } = await openLab()
    // Also for a test that ran out of time.
    context.onTestFinished(close)
    await run(lab, ...(args.slice(0, -1) as unknown as A))
  }
}

async function openLab(): Promise<{ lab: Lab; close: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'bitloom-integration-'))
  const disposers: (() => unknown)[] = []
  const path: Lab['path'] = (...parts) => join(folder, ...parts)
  const lab: Lab = {
    path,
    defer: (dispose) => void disposers.push(dispose),
    make: async (name, files, options = {}) => {
      const directory = path('source')
      const payload = await writePayload(directory, name, files)
      const { torrent, bytes } = await createTorrent(payload, { pieceLengthBytes: 32_768, ...options })
      return { torrent, bytes, path: payload, directory }
    },
    session: async (options = {}) => {
      const session = await createSession(sessionOptions(options))
      disposers.push(() => session.close())
      return session
    },
    tracker: async ({ host = '127.0.0.1', ...options } = {}) => {
      const at = { host, port: 0 }
      const tracker = await createTracker({ http: at, udp: at, ...options })
      disposers.push(() => tracker.close())
      return tracker
    },
  }
  const close = async (): Promise<void> => {
    const errors: unknown[] = []
    for (const dispose of disposers.toReversed()) {
      try {
        await dispose()
      } catch (error) {
        errors.push(error)
      }
    }
    await rm(folder, { recursive: true, force: true })
    if (errors.length > 0) throw new AggregateError(errors, 'the test left something that could not be closed')
  }
  return { lab, close }
}

function sessionOptions(options: LabSession): SessionOptions {
  const { plugins = [], storage, stateDirectory, hosts = ['127.0.0.1'], ...rest } = options
  const records = stateDirectory === undefined ? [] : [resumeFs({ directory: stateDirectory })]
  return {
    plugins: [nodePorts(), trackerHttp(), trackerUdp(), storageFs(storage), piecePicker(), ...records, ...plugins],
    listen: { hosts, ports: [0] },
    ...rest,
  }
}

/** Where a session listens; the first address that has the given family, or any. */
export function addressOf(session: Session, family?: 4 | 6): IpEndpoint {
  const found = session.addresses.find(({ host }) => family === undefined || host.includes(':') === (family === 6))
  if (found === undefined) throw new Error('the session does not listen there')
  return found
}

/** Adds a torrent whose data is there, and waits until that was found. */
export async function seed(session: Session, made: Made, directory = made.directory): Promise<TorrentView> {
  const handle = await session.add({ torrent: made.torrent, directory })
  await handle.ready
  return handle.view
}

/** A payload "album" of these files, and a session that seeds it. */
export async function makeSeeded(
  lab: Lab,
  files: PayloadFiles,
  options: LabSession = {},
): Promise<{ readonly made: Made; readonly seeder: Session }> {
  const made = await lab.make('album', files)
  const seeder = await lab.session(options)
  await seed(seeder, made)
  return { made, seeder }
}

/** Waits for something that happens soon; the sentence is in the error if it does not. */
export async function until(what: string, holds: () => boolean, timeoutMs = 20_000): Promise<void> {
  await vi.waitFor(
    () => {
      if (!holds()) throw new Error(`${timeoutMs / 1000} s passed before ${what}`)
    },
    { timeout: timeoutMs, interval: 5 },
  )
}

/** True where several loopback addresses and /proc are there. */
export const isLinux = existsSync('/proc/self/fd')

import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Job } from './clients/client.js'
import { type Host, type Network, openNetwork } from './network.js'
import { difference } from './payload.js'
import { type Command, type Running, startProcess, until } from './process.js'
import { type OpenTracker, startOpenTracker } from './tracker.js'

/** What one test owns: a folder, a network, processes. All of it goes by `close`. */
export interface Lab extends Network {
  readonly folder: string
  /** An empty folder with this name. */
  emptyFolder(name: string): string
  start(command: Command): Running
  openTracker(host: Host, infoHashes: readonly string[]): Promise<OpenTracker>
  /** A job on one host; the state folder is named after the role. */
  job(role: string, facts: Omit<Job, 'start' | 'state'>): Job
  closeAll(): Promise<void>
}

/** Opens a lab with its folder below `parent`. */
export function openLab(parent = tmpdir()): Lab {
  const folder = mkdtempSync(join(parent, 'bitloom-interop-'))
  // opentracker reads its list as another user.
  chmodSync(folder, 0o755)
  const network = openNetwork()
  const processes: Running[] = []
  const emptyFolder = (name: string): string => {
    const path = join(folder, name)
    rmSync(path, { recursive: true, force: true })
    mkdirSync(path)
    return path
  }
  const start = (command: Command): Running => {
    const running = startProcess(command)
    processes.push(running)
    return running
  }
  return {
    ...network,
    folder,
    emptyFolder,
    start,
    openTracker: (host, infoHashes) =>
      startOpenTracker(host, infoHashes, folder, (running) => void processes.push(running)),
    job: (role, facts) => ({ ...facts, start, state: emptyFolder(`state-${role}`) }),
    closeAll: async () => {
      await Promise.all(processes.map((running) => running.stop()))
      network.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** How patient and exact a comparison is. */
export interface Comparison {
  /** For a client that says "complete" a moment before its last write. */
  readonly settleMs: number
  readonly exceptEmpty?: boolean | undefined
}

/** The first difference of a payload and what was downloaded, `undefined` if there is none. */
export async function lastingDifference(
  expected: string,
  actual: string,
  comparison: Comparison,
): Promise<string | undefined> {
  let last: string | undefined
  const same = async (): Promise<true | undefined> => {
    last = await difference(expected, actual, comparison.exceptEmpty)
    return last === undefined ? true : undefined
  }
  await until('the files were the same', comparison.settleMs, same).catch(() => {})
  return last
}

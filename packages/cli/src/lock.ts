import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CliError, systemCode, systemReason } from './exit-codes.js'
import { makeFolder } from './state-dir.js'

/** The lock of one torrent's record. */
export interface Lock {
  /** Idempotent. */
  release(): Promise<void>
}

/**
 * Locks the record of a torrent in the state folder. A lock is a file with the owner's process id and start time,
 * linked into place in one step; one whose process is gone is taken over.
 * @throws CliError ALREADY_RUNNING, CANNOT_MAKE_FOLDER, CANNOT_CREATE
 */
export async function lockTorrent(stateDir: string, infoHash: string, name: string): Promise<Lock> {
  const folder = join(stateDir, 'locks')
  await makeFolder(folder, 0o700)
  const path = join(folder, `${infoHash}.lock`)
  const own = `${path}.${process.pid}`
  const text = ownerText(process.pid)
  try {
    await writeFile(own, text, { mode: 0o600 })
    await linkInto(own, path, text, name, infoHash)
  } finally {
    await rm(own, { force: true })
  }
  let held = true
  return {
    async release() {
      if (!held) return
      held = false
      if ((await readText(path)) === text) await rm(path, { force: true })
    },
  }
}

async function linkInto(own: string, path: string, text: string, name: string, infoHash: string): Promise<void> {
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      await link(own, path)
      return
    } catch (cause) {
      if (systemCode(cause) !== 'EEXIST') {
        throw new CliError('CANNOT_CREATE', `The lock ${path} cannot be made: ${systemReason(cause)}`, { path, cause })
      }
    }
    const owner = await readText(path)
    if (owner !== undefined && owner !== text && isAlive(owner)) break
    await takeAway(path, owner)
  }
  throw new CliError('ALREADY_RUNNING', `The torrent ${name} (${infoHash}) is already running in another process`, {
    path,
  })
}

/** Moves a dead owner's lock aside; one that turned out to be somebody's new lock is put back. */
async function takeAway(path: string, owner: string | undefined): Promise<void> {
  const aside = `${path}.dead.${process.pid}`
  await rename(path, aside).catch(() => undefined)
  if ((await readText(aside)) !== owner) await link(aside, path).catch(() => undefined)
  await rm(aside, { force: true })
}

async function readText(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined)
}

function isAlive(owner: string): boolean {
  const pid = Number(/^\d+/.exec(owner)?.[0])
  if (!Number.isSafeInteger(pid) || pid < 1) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (systemCode(error) !== 'EPERM') return false
  }
  return owner === ownerText(pid)
}

/** The process id, and on Linux its start time, so that a reused id is not taken for the owner. */
function ownerText(pid: number): string {
  return `${pid} ${startTime(pid)}\n`
}

function startTime(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '-'
  } catch {
    return '-'
  }
}

import { BitloomError } from '@bitloom/core'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A lock in a state folder. */
export interface Lock {
  /** Idempotent. */
  release(): Promise<void>
}

/**
 * Locks one torrent's record in a state folder. A lock is a file with the owner's process id and start time, linked into
 * place in one step; one whose process is gone is taken over.
 * @throws BitloomError LOCKED while another process, or another owner in this one, has the record or the whole folder; a
 * system error where the lock cannot be made
 */
export async function lockRecord(directory: string, key: string): Promise<Lock> {
  const folder = await lockFolderOf(directory)
  const lock = await takeLock(join(folder, `${key}.lock`))
  await releaseOnFailure(lock, () => refuseHeld([join(folder, folderLock)]))
  return lock
}

/**
 * Locks a whole state folder: nobody else has it, nor any record in it.
 * @throws as `lockRecord`
 */
export async function lockFolder(directory: string): Promise<Lock> {
  const folder = await lockFolderOf(directory)
  const lock = await takeLock(join(folder, folderLock))
  await releaseOnFailure(lock, async () => {
    const names = await readdir(folder)
    const others = names.filter((name) => name.endsWith('.lock') && name !== folderLock)
    await refuseHeld(others.map((name) => join(folder, name)))
  })
  return lock
}

/** No info-hash is called so. */
const folderLock = 'folder.lock'

async function lockFolderOf(directory: string): Promise<string> {
  const folder = join(directory, 'locks')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  return folder
}

async function releaseOnFailure(lock: Lock, check: () => Promise<void>): Promise<void> {
  try {
    await check()
  } catch (error) {
    await lock.release()
    throw error
  }
}

async function refuseHeld(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const owner = await readText(path)
    if (owner !== undefined && isAlive(owner)) throw held(path)
  }
}

function held(path: string): BitloomError {
  return new BitloomError('LOCKED', `${path}: another process has it`)
}

async function takeLock(path: string): Promise<Lock> {
  // The id tells the owners in one process from each other.
  const id = randomUUID()
  const text = `${process.pid} ${startTime(process.pid)} ${id}\n`
  const own = `${path}.${id}`
  try {
    await writeFile(own, text, { mode: 0o600 })
    await linkInto(own, path)
  } finally {
    await rm(own, { force: true })
  }
  let isHeld = true
  return {
    async release() {
      if (!isHeld) return
      isHeld = false
      if ((await readText(path)) === text) await rm(path, { force: true })
    },
  }
}

async function linkInto(own: string, path: string): Promise<void> {
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      await link(own, path)
      return
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
    const owner = await readText(path)
    if (owner !== undefined && isAlive(owner)) break
    await takeAway(path, owner)
  }
  throw held(path)
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
  const [id = '', start] = owner.trim().split(' ')
  const pid = Number(id)
  if (!Number.isSafeInteger(pid) || pid < 1) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false
  }
  return start === startTime(pid)
}

/** On Linux, so that a process id that was used again is not taken for the owner. */
function startTime(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '-'
  } catch {
    return '-'
  }
}

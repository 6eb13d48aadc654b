import { isBitloomError } from '@bitloom/core'
import { type Lock, lockFolder, lockRecord } from '@bitloom/resume-fs'
import { CliError, systemReason } from './exit-codes.js'
import { makeFolder } from './state-dir.js'

/**
 * Locks the record of a torrent in the state folder, for this process.
 * @throws CliError ALREADY_RUNNING, CANNOT_MAKE_FOLDER, CANNOT_CREATE
 */
export function lockTorrent(stateDir: string, infoHash: string, name: string): Promise<Lock> {
  const held = `The torrent ${name} (${infoHash}) is already running in another process`
  return lock(stateDir, () => lockRecord(stateDir, infoHash), held)
}

/**
 * Locks the whole state folder, for this process.
 * @throws CliError ALREADY_RUNNING, CANNOT_MAKE_FOLDER, CANNOT_CREATE
 */
export function lockState(stateDir: string): Promise<Lock> {
  return lock(stateDir, () => lockFolder(stateDir), `Another process uses the state folder ${stateDir}`)
}

async function lock(stateDir: string, take: () => Promise<Lock>, held: string): Promise<Lock> {
  await makeFolder(stateDir, 0o700)
  try {
    return await take()
  } catch (cause) {
    const options = { path: stateDir, cause }
    if (isBitloomError(cause)) throw new CliError('ALREADY_RUNNING', held, options)
    throw new CliError('CANNOT_CREATE', `No lock can be made in ${stateDir}: ${systemReason(cause)}`, options)
  }
}

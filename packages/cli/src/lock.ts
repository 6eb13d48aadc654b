import { isBitloomError } from '@bitloom/core'
import { type Lock, lockRecord } from '@bitloom/resume-fs'
import { CliError, systemReason } from './exit-codes.js'
import { makeFolder } from './state-dir.js'

/**
 * Locks the record of a torrent in the state folder, for this process.
 * @throws CliError ALREADY_RUNNING, CANNOT_MAKE_FOLDER, CANNOT_CREATE
 */
export async function lockTorrent(stateDir: string, infoHash: string, name: string): Promise<Lock> {
  await makeFolder(stateDir, 0o700)
  try {
    return await lockRecord(stateDir, infoHash)
  } catch (cause) {
    const options = { path: stateDir, cause }
    if (isBitloomError(cause)) {
      const message = `The torrent ${name} (${infoHash}) is already running in another process`
      throw new CliError('ALREADY_RUNNING', message, options)
    }
    throw new CliError('CANNOT_CREATE', `No lock can be made in ${stateDir}: ${systemReason(cause)}`, options)
  }
}

import { mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { CliError, systemReason } from './exit-codes.js'

type Env = Readonly<Record<string, string | undefined>>

/** Where records and locks live: `$XDG_STATE_HOME/bitloom`, or the usual place of macOS and Windows. */
export function stateDirectory(env: Env, platform: NodeJS.Platform, home = homedir()): string {
  if (isSet(env['XDG_STATE_HOME'])) return join(env['XDG_STATE_HOME'], 'bitloom')
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'bitloom')
  if (platform === 'win32') return join(env['LOCALAPPDATA'] ?? join(home, 'AppData', 'Local'), 'bitloom')
  return join(home, '.local', 'state', 'bitloom')
}

/** Where a user's own configuration lives: `$XDG_CONFIG_HOME/bitloom`, or the usual place of macOS and Windows. */
export function configDirectory(env: Env, platform: NodeJS.Platform, home = homedir()): string {
  if (isSet(env['XDG_CONFIG_HOME'])) return join(env['XDG_CONFIG_HOME'], 'bitloom')
  if (platform === 'darwin') return join(home, 'Library', 'Preferences', 'bitloom')
  if (platform === 'win32') return join(env['APPDATA'] ?? join(home, 'AppData', 'Roaming'), 'bitloom')
  return join(home, '.config', 'bitloom')
}

/** Makes a folder with its parents, for this user only where `mode` says so. @throws CliError CANNOT_MAKE_FOLDER */
export async function makeFolder(path: string, mode = 0o777): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode })
  } catch (cause) {
    throw new CliError('CANNOT_MAKE_FOLDER', `The folder ${path} cannot be made: ${systemReason(cause)}`, {
      path,
      cause,
    })
  }
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== ''
}

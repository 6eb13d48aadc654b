import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { lockTorrent } from '../src/lock.js'
import { configDirectory, stateDirectory } from '../src/state-dir.js'

const folder = mkdtempSync(join(tmpdir(), 'bitloom-lock-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the lock of a torrent', () => {
  it('is refused while another owner has it, and names the torrent', async () => {
    const lock = await lockTorrent(join(folder, 'state'), 'aa', 'film')
    await expect(lockTorrent(join(folder, 'state'), 'aa', 'film')).rejects.toMatchObject({
      code: 'ALREADY_RUNNING',
      message: 'The torrent film (aa) is already running in another process',
    })
    await lock.release()
    expect(readdirSync(join(folder, 'state', 'locks'))).toEqual([])
  })

  it('tells when its folder cannot be made', async () => {
    writeFileSync(join(folder, 'file'), '')
    await expect(lockTorrent(join(folder, 'file'), 'aa', 'film')).rejects.toMatchObject({ code: 'CANNOT_MAKE_FOLDER' })
  })
})

describe('folders', () => {
  it.each([
    [{ XDG_STATE_HOME: '/s', XDG_CONFIG_HOME: '/c' }, 'linux', '/s/bitloom', '/c/bitloom'],
    [{ XDG_STATE_HOME: '' }, 'linux', '/h/.local/state/bitloom', '/h/.config/bitloom'],
    [{}, 'darwin', '/h/Library/Application Support/bitloom', '/h/Library/Preferences/bitloom'],
  ] as const)('with %j on %s', (env, platform, state, config) => {
    expect(stateDirectory(env, platform, '/h')).toBe(state)
    expect(configDirectory(env, platform, '/h')).toBe(config)
  })
})

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { lockTorrent } from '../src/lock.js'
import { configDirectory, stateDirectory } from '../src/state-dir.js'

const folder = mkdtempSync(join(tmpdir(), 'bitloom-lock-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const path = join(folder, 'state', 'locks', 'aa.lock')

describe('the lock of a torrent', () => {
  it('is a private file that goes away on release', async () => {
    const lock = await lockTorrent(join(folder, 'state'), 'aa', 'film')
    expect(readFileSync(path, 'utf8')).toMatch(new RegExp(`^${process.pid} `))
    const mode = statSync(join(folder, 'state', 'locks')).mode & 0o777
    expect(process.platform === 'win32' ? 0o700 : mode).toBe(0o700)
    await lock.release()
    await lock.release()
    expect(readdirSync(join(folder, 'state', 'locks'))).toEqual([])
  })

  it('is refused while its owner lives, and names the torrent', async () => {
    // The parent of this process lives; on Linux its start time is part of the lock.
    const stat = process.platform === 'linux' ? readFileSync(`/proc/${process.ppid}/stat`, 'latin1') : ''
    const start = process.platform === 'linux' ? stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] : '-'
    writeFileSync(path, `${process.ppid} ${start}\n`)
    await expect(lockTorrent(join(folder, 'state'), 'aa', 'film')).rejects.toMatchObject({
      code: 'ALREADY_RUNNING',
      message: 'The torrent film (aa) is already running in another process',
    })
    rmSync(path)
  })

  it.each(['999999999 1\n', `${process.ppid} 1\n`, 'nonsense', ''])(
    'is taken over from a dead owner: %j',
    async (owner) => {
      if (owner.startsWith(`${process.ppid}`) && process.platform !== 'linux') return
      writeFileSync(path, owner)
      const lock = await lockTorrent(join(folder, 'state'), 'aa', 'film')
      expect(readFileSync(path, 'utf8')).toMatch(new RegExp(`^${process.pid} `))
      await lock.release()
    },
  )

  it('leaves the lock of a successor alone', async () => {
    const lock = await lockTorrent(join(folder, 'state'), 'aa', 'film')
    writeFileSync(path, '1 1\n')
    await lock.release()
    expect(readFileSync(path, 'utf8')).toBe('1 1\n')
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

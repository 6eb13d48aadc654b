import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { lockFolder, lockRecord } from '../src/lock.js'

let state = ''
beforeEach(() => (state = join(mkdtempSync(join(tmpdir(), 'bitloom-lock-')), 'state')))
afterEach(() => rmSync(join(state, '..'), { recursive: true, force: true }))

const path = () => join(state, 'locks', 'aa.lock')

/** As a process that runs would have written it. */
function ownerOf(pid: number): string {
  if (process.platform !== 'linux') return `${pid} - 1\n`
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  return `${pid} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]} 1\n`
}

async function leaveLock(name: string, owner: string): Promise<void> {
  await mkdir(join(state, 'locks'), { recursive: true })
  writeFileSync(join(state, 'locks', name), owner)
}

describe('the lock of a record', () => {
  it('is a private file that goes away on release', async () => {
    const lock = await lockRecord(state, 'aa')
    expect(readFileSync(path(), 'utf8')).toMatch(new RegExp(`^${process.pid} `))
    const mode = statSync(join(state, 'locks')).mode & 0o777
    expect(process.platform === 'win32' ? 0o700 : mode).toBe(0o700)
    await lock.release()
    await lock.release()
    expect(readdirSync(join(state, 'locks'))).toEqual([])
  })

  it('is refused while its owner lives', async () => {
    await leaveLock('aa.lock', ownerOf(process.ppid))
    await expect(lockRecord(state, 'aa')).rejects.toMatchObject({ code: 'LOCKED' })
    await (await lockRecord(state, 'bb')).release()
  })

  it('is refused to a second owner in the same process', async () => {
    const lock = await lockRecord(state, 'aa')
    await expect(lockRecord(state, 'aa')).rejects.toMatchObject({ code: 'LOCKED' })
    await lock.release()
    await (await lockRecord(state, 'aa')).release()
  })

  it('is taken over from a process that was killed', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
    await once(child, 'spawn')
    await leaveLock('aa.lock', ownerOf(child.pid ?? 0))
    await expect(lockRecord(state, 'aa')).rejects.toMatchObject({ code: 'LOCKED' })
    child.kill('SIGKILL')
    await once(child, 'close')
    await (await lockRecord(state, 'aa')).release()
  })

  it.each(['999999999 1\n', `${process.ppid} 1\n`, 'nonsense', ''])(
    'is taken over from a dead owner: %j',
    async (owner) => {
      if (owner.startsWith(`${process.ppid}`) && process.platform !== 'linux') return
      await leaveLock('aa.lock', owner)
      const lock = await lockRecord(state, 'aa')
      expect(readFileSync(path(), 'utf8')).toMatch(new RegExp(`^${process.pid} `))
      await lock.release()
    },
  )

  it('leaves the lock of a successor alone', async () => {
    const lock = await lockRecord(state, 'aa')
    writeFileSync(path(), '1 1\n')
    await lock.release()
    expect(readFileSync(path(), 'utf8')).toBe('1 1\n')
  })
})

describe('the lock of a folder', () => {
  it('keeps out other owners of the folder and of any record, and they it', async () => {
    const folder = await lockFolder(state)
    await expect(lockFolder(state)).rejects.toMatchObject({ code: 'LOCKED' })
    await expect(lockRecord(state, 'aa')).rejects.toMatchObject({ code: 'LOCKED' })
    await folder.release()
    const record = await lockRecord(state, 'aa')
    await expect(lockFolder(state)).rejects.toMatchObject({ code: 'LOCKED' })
    await record.release()
    await (await lockFolder(state)).release()
    expect(readdirSync(join(state, 'locks'))).toEqual([])
  })

  it('does not mind records whose owners are dead', async () => {
    await leaveLock('aa.lock', '999999999 1\n')
    await (await lockFolder(state)).release()
  })
})

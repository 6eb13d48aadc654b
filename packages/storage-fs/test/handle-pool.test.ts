import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Gate } from '../src/gate.js'
import { type Access, HandlePool, type Handles } from '../src/handle-pool.js'
import { createScratch, rejected } from './scratch.js'

const scratch = createScratch()
let folder = ''
let opens: string[] = []
const pools: HandlePool<FileHandle>[] = []

function newPool(limit: number): HandlePool<FileHandle> {
  const pool = new HandlePool<FileHandle>(limit)
  pools.push(pool)
  return pool
}

afterEach(async () => {
  for (const pool of pools.splice(0)) {
    for (const each of opens) pool.drop(each.split(' ', 1)[0] ?? '')
    await pool.settled()
  }
})

beforeEach(async () => {
  folder = await scratch.folder()
  opens = []
})

function opener(name: string, access: Access): () => Promise<FileHandle> {
  return () => {
    opens.push(`${name} ${access}`)
    return open(join(folder, name), access === 'write' ? 'a+' : 'r')
  }
}

/** Uses a file until `done` is called; `held` is the handle, once it is there. */
function hold(pool: Handles<FileHandle>, name: string, access: Access = 'write') {
  let done: () => void = () => {}
  const until = new Promise<void>((resolve) => {
    done = resolve
  })
  let isHeld: (handle: FileHandle) => void = () => {}
  const held = new Promise<FileHandle>((resolve) => {
    isHeld = resolve
  })
  const over = pool.use(name, access, opener(name, access), async (handle) => {
    isHeld(handle)
    await until
  })
  return { held, over, done }
}

function touch(pool: HandlePool<FileHandle>, name: string, access: Access = 'write'): Promise<number> {
  return pool.use(name, access, opener(name, access), async (handle) => handle.fd)
}

/** Whether a promise is settled after some turns of the event loop. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  promise.then(
    () => (settled = true),
    () => (settled = true),
  )
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
  return settled
}

describe('handle pool', () => {
  it('opens a file once for all its users, at the same time and one after the other', async () => {
    const pool = newPool(4)
    await Promise.all([touch(pool, 'a'), touch(pool, 'a'), touch(pool, 'a', 'read')])
    await touch(pool, 'a')
    expect(opens).toEqual(['a write'])
    expect(pool.openFiles).toBe(1)
  })

  it('opens a file again to write what was open to read; its readers go on', async () => {
    const pool = newPool(4)
    await touch(pool, 'a')
    pool.drop('a')
    const reader = hold(pool, 'a', 'read')
    const handle = await reader.held
    await pool.use('a', 'write', opener('a', 'write'), (writer) => writer.appendFile('text'))
    expect((await handle.read(new Uint8Array(4), 0, 4, 0)).bytesRead).toBe(4)
    reader.done()
    await reader.over
    await pool.settled()
    expect(opens).toEqual(['a write', 'a read', 'a write'])
    expect(pool.openFiles).toBe(1)
    expect(await rejected(handle.stat())).toMatchObject({ code: 'EBADF' })
  })

  it('closes the file used longest ago, and none in use', async () => {
    const pool = newPool(3)
    const first = hold(pool, 'a')
    await first.held
    for (const name of ['b', 'c', 'b', 'd', 'b', 'a']) await touch(pool, name)
    expect(opens).toEqual(['a write', 'b write', 'c write', 'd write'])
    expect((await first.held).fd).toBeGreaterThan(0)
    first.done()
    await first.over
  })

  it('lets those wait for whom there is no handle, in order', async () => {
    const pool = newPool(2)
    const [a, b] = [hold(pool, 'a'), hold(pool, 'b')]
    await Promise.all([a.held, b.held])
    const [c, d] = [hold(pool, 'c'), touch(pool, 'd')]
    expect(await isSettled(c.held)).toBe(false)
    expect(pool.openFiles).toBe(2)
    a.done()
    await c.held
    expect(await isSettled(d)).toBe(false)
    c.done()
    await d
    b.done()
    await Promise.all([a.over, b.over, c.over])
    expect(pool.openFiles).toBeLessThanOrEqual(2)
  })

  it('never has more open than its limit', async () => {
    const pool = newPool(5)
    let most = 0
    const use = async (index: number): Promise<void> => {
      const name = `${(index * 7) % 23}`
      await pool.use(name, 'write', opener(name, 'write'), async (handle) => {
        most = Math.max(most, pool.openFiles)
        await handle.write(Uint8Array.of(index))
      })
    }
    await Promise.all(Array.from({ length: 300 }, (_, index) => use(index)))
    expect(most).toBe(5)
  })

  it('gives the slot of a file that cannot be opened to the next, and shares the failure with nobody', async () => {
    const pool = newPool(1)
    const failing = (): Promise<FileHandle> => Promise.reject(new Error('not this way'))
    const calls = [
      rejected(pool.use('a', 'write', failing, async () => {})),
      touch(pool, 'a'),
      rejected(pool.use('b', 'write', failing, async () => {})),
      touch(pool, 'c'),
    ]
    const [first, second, third, fourth] = await Promise.all(calls)
    expect([first, third]).toMatchObject([{ message: 'not this way' }, { message: 'not this way' }])
    expect([typeof second, typeof fourth]).toEqual(['number', 'number'])
    expect(pool.openFiles).toBe(1)
  })

  it('passes on what a user throws, and keeps the handle', async () => {
    const pool = newPool(1)
    const failing = pool.use('a', 'write', opener('a', 'write'), () => Promise.reject(new Error('mine')))
    expect(await rejected(failing)).toMatchObject({ message: 'mine' })
    await touch(pool, 'a')
    expect(opens).toEqual(['a write'])
  })

  it('closes what is dropped once its users are done', async () => {
    const pool = newPool(2)
    const user = hold(pool, 'a')
    const handle = await user.held
    pool.drop('a')
    await pool.settled()
    await handle.appendFile('still open')
    user.done()
    await user.over
    await pool.settled()
    expect(pool.openFiles).toBe(0)
  })
})

describe('gate', () => {
  it('runs shared work at once, exclusive work alone, and everything in order of asking', async () => {
    const gate = new Gate()
    const log: string[] = []
    const work = (name: string) => async (): Promise<void> => {
      log.push(`${name}+`)
      await new Promise((resolve) => setImmediate(resolve))
      log.push(`${name}-`)
    }
    const failing = async (): Promise<void> => {
      await work('x')()
      throw new Error('mine')
    }
    const calls = [
      gate.shared(work('a')),
      gate.shared(work('b')),
      rejected(gate.exclusive(failing)),
      gate.exclusive(work('y')),
      gate.shared(work('c')),
      gate.shared(work('d')),
    ]
    await Promise.all(calls)
    expect(log.join(' ')).toBe('a+ b+ a- b- x+ x- y+ y- c+ d+ c- d-')
  })

  it('keeps each share within its own limit, and closes the files of a share for that share first', async () => {
    const pool = newPool(4)
    const [one, other] = [pool.share(2), pool.share(3)]
    const use = (share: typeof one, name: string) =>
      share.use(name, 'write', opener(name, 'write'), async (handle) => handle.fd)
    for (const name of ['a', 'b', 'c']) await use(one, name)
    await pool.settled()
    expect(pool.openFiles).toBe(2)
    for (const name of ['x', 'y']) await use(other, name)
    await use(one, 'd')
    await pool.settled()
    expect(pool.openFiles).toBe(4)
    for (const name of ['x', 'y', 'd']) await use(name === 'd' ? one : other, name)
    expect(opens.map((each) => each[0])).toEqual(['a', 'b', 'c', 'x', 'y', 'd'])
  })

  it('lets a share wait for itself alone', async () => {
    const pool = newPool(4)
    const [one, other] = [pool.share(1), pool.share(1)]
    const held = hold(one, 'a')
    await held.held
    const next = hold(one, 'b')
    expect(await isSettled(next.held)).toBe(false)
    const free = hold(other, 'c')
    await free.held
    held.done()
    await next.held
    for (const each of [next, free]) each.done()
    await Promise.all([held.over, next.over, free.over])
  })
})

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Plugin, type Session, createSession } from '@bitloom/core'
import { createTorrent, nodePorts } from '@bitloom/core/node'
import piecePicker from '@bitloom/piece-picker'
import storageFs from '@bitloom/storage-fs'
import { afterEach, describe, expect, it } from 'vitest'
import myHooks from '../src/index.js'

const folder = await mkdtemp(join(tmpdir(), 'my-hooks-'))
const sessions: Session[] = []

afterEach(async () => {
  for (const session of sessions.splice(0)) await session.close()
  await rm(folder, { recursive: true, force: true })
})

/** A session on loopback with the plugins of a download. */
async function openSession(...plugins: readonly Plugin[]): Promise<Session> {
  const session = await createSession({
    plugins: [nodePorts({ hashWorkers: 0 }), storageFs(), piecePicker(), ...plugins],
    listen: { hosts: ['127.0.0.1'], ports: [0] },
  })
  sessions.push(session)
  return session
}

describe('my-hooks', () => {
  it('refuses the clients it was told to, and no others', async () => {
    await writeFile(join(folder, 'data.bin'), 'some data '.repeat(10_000))
    const { torrent } = await createTorrent(join(folder, 'data.bin'))
    const seeder = await openSession()
    const seed = await seeder.add({ torrent, directory: folder })
    await seed.ready
    const peers = seeder.addresses

    const strict = await openSession(myHooks({ clients: ['Bitloom'] }))
    const gone = new Promise<string>((resolve) => {
      strict.hooks.peerDisconnected.tap((_peer, reason) => resolve(reason))
    })
    const refusing = await strict.add({ torrent, directory: join(folder, 'strict'), peers })
    refusing.completed.catch(() => {})
    expect(await gone).toContain('its client is not wanted')

    const open = await openSession(myHooks({ clients: ['Nobody'] }))
    const download = await open.add({ torrent, directory: join(folder, 'open'), peers })
    await download.completed
    expect(download.view.stats.leftBytes).toBe(0)
  })
})

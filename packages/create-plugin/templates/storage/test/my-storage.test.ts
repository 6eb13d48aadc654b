import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { storageConformance } from '@bitloom/conformance'
import { Bits, infoHashName } from '@bitloom/core'
import { createTorrent } from '@bitloom/core/node'
import { afterAll, describe, expect, it } from 'vitest'
import { createStorage } from '../src/my-storage.js'

const folder = mkdtempSync(join(tmpdir(), 'my-storage-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

// What every storage promises, and what this one can besides: remove data, and find it again after a restart.
storageConformance(
  { describe, it },
  {
    storage: createStorage(),
    directory: () => mkdtempSync(join(folder, 'torrent-')),
    offers: ['remove', 'reopen'],
  },
)

describe('my-storage', () => {
  it('says so when a piece that was written is gone', async () => {
    const { torrent } = await createTorrent(import.meta.filename)
    const options = { directory: folder, wantedFiles: Bits.full(1) }
    const handle = await createStorage().open(torrent, options, new AbortController().signal)
    await handle.write(0, 0, new Uint8Array(100).fill(7))
    rmSync(join(folder, `${infoHashName(torrent.infoHashes)}.pieces`, '0'))
    await expect(handle.read(0, 0, [new Uint8Array(100)], 'serve')).rejects.toMatchObject({ code: 'GONE' })
    await handle.close()
  })
})

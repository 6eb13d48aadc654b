import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { systemFiles } from '../src/node/index.js'

it('a file that is closed touches no other that got its number', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bitloom-open-file-'))
  try {
    const first = await systemFiles.open(join(folder, 'first'), 'w+')
    await first.write(Uint8Array.of(1, 2, 3), 1, 2, 4)
    await first.datasync()
    await first.sync()
    expect((await first.stat()).size).toBe(6)
    const into = [new Uint8Array(5), new Uint8Array(5)]
    expect(await first.readv(into, 0)).toEqual({ bytesRead: 6 })
    expect(into).toEqual([Uint8Array.of(0, 0, 0, 0, 2), Uint8Array.of(3, 0, 0, 0, 0)])
    await first.close()
    const second = await systemFiles.open(join(folder, 'second'), 'w+')
    const late = [first.write(Uint8Array.of(9), 0, 1, 0), first.stat(), first.close()]
    for (const call of await Promise.allSettled(late)) {
      expect(call).toMatchObject({ status: 'rejected', reason: { code: 'EBADF' } })
    }
    expect((await second.stat()).size).toBe(0)
    await second.close()
    await expect(systemFiles.open(join(folder, 'none'), 'r')).rejects.toMatchObject({ code: 'ENOENT' })
  } finally {
    await rm(folder, { recursive: true })
  }
})

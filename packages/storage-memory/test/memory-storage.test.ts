import { type Bindings, Storage, type Storage as StoragePort } from '@bitloom/core'
import { describe, expect, it } from 'vitest'
import storageMemory from '../src/index.js'
import { contentOf, storageSuite, wantedOf } from './storage-suite.js'

/** The storage as the plugin binds it. */
function bound(): StoragePort {
  const values: unknown[] = []
  const bindings = { value: (port: unknown, value: unknown) => void values.push(port, value) }
  storageMemory().bind?.(bindings as unknown as Bindings)
  expect(values[0]).toBe(Storage)
  return values[1] as StoragePort
}

const never = new AbortController().signal

storageSuite('memory', (content, wantedFiles) => bound().open(content, { directory: '/nowhere', wantedFiles }, never))

describe('memory storage', () => {
  it('is named memory and takes no options', () => {
    expect(bound().name).toBe('memory')
    expect(() => storageMemory({ size: 1 } as never)).toThrow('takes no options')
  })

  it('refuses a write past the end of a piece by a typed error', async () => {
    const content = contentOf([{ path: 'a', lengthBytes: 10 }], 16)
    const handle = await bound().open(content, { directory: '/', wantedFiles: wantedOf(content) }, never)
    await expect(handle.write(0, 5, new Uint8Array(6))).rejects.toMatchObject({ code: 'IO', retry: false })
  })

  it('keeps torrents apart', async () => {
    const content = contentOf([{ path: 'a', lengthBytes: 10 }], 16)
    const options = { directory: '/', wantedFiles: wantedOf(content) }
    const storage = bound()
    const [left, right] = [await storage.open(content, options, never), await storage.open(content, options, never)]
    await left.write(0, 0, new Uint8Array(10).fill(1))
    expect((await right.present())?.count).toBe(0)
  })
})

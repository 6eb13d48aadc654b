import { storageConformance } from '@bitloom/conformance'
import { Bits, type Bindings, type Content, createLayout, Storage, type Storage as StoragePort } from '@bitloom/core'
import { describe, expect, it } from 'vitest'
import storageMemory from '../src/index.js'

/** The storage as the plugin binds it. */
function bound(): StoragePort {
  const values: unknown[] = []
  const bindings = { value: (port: unknown, value: unknown) => void values.push(port, value) }
  storageMemory().bind?.(bindings as unknown as Bindings)
  expect(values[0]).toBe(Storage)
  return values[1] as StoragePort
}

storageConformance({ describe, it }, { storage: bound, offers: ['remove'] })

describe('memory storage', () => {
  it('is named memory and takes no options', () => {
    expect(bound().name).toBe('memory')
    expect(() => storageMemory({ size: 1 } as never)).toThrow('takes no options')
  })

  it('refuses a write past the end of a piece by a typed error', async () => {
    const file = { path: 'a', lengthBytes: 10, offsetBytes: 0, padding: false, executable: false, hidden: false }
    const content: Content = {
      name: 'a',
      infoHashes: { v1: new Uint8Array(20) },
      files: [file],
      layout: createLayout([file], 16),
    }
    const options = { directory: '/', wantedFiles: Bits.full(1) }
    const handle = await bound().open(content, options, new AbortController().signal)
    await expect(handle.write(0, 5, new Uint8Array(6))).rejects.toMatchObject({ code: 'IO', retry: false })
  })
})

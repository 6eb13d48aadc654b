import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { storageConformance } from '@bitloom/conformance'
import type { Bindings, Plugin, Storage } from '@bitloom/core'
import storageFs from '@bitloom/storage-fs'
import storageMemory from '@bitloom/storage-memory'
import { afterEach, describe, it } from 'vitest'
import { encryptedStorage } from '../src/encrypted-storage.js'

const key = Uint8Array.from({ length: 32 }, (_, at) => at * 7)

function encryptedOver(plugin: Plugin): Storage {
  const storages: Storage[] = []
  const bindings = { value: (_port: unknown, value: Storage) => void storages.push(value) }
  plugin.bind?.(bindings as unknown as Bindings)
  return encryptedStorage(undefined, () => ({ key, storages: () => storages }))
}

const folders: string[] = []
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})
async function directory(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bitloom-encrypted-'))
  folders.push(folder)
  return folder
}

storageConformance(
  { describe, it },
  { title: 'Storage encrypted over memory', storage: () => encryptedOver(storageMemory()), offers: ['remove'] },
)

storageConformance(
  { describe, it },
  {
    title: 'Storage encrypted over fs',
    storage: () => encryptedOver(storageFs()),
    directory,
    offers: ['want', 'move', 'rename', 'complete', 'remove', 'freeBytes', 'stamps', 'reopen'],
  },
)

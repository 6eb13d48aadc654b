import type { ResumeStore } from '@bitloom/core'
import { fileResumeStore } from '../../src/index.js'
import type { PowerDisk } from './power-disk.js'

/** A record that was settled, and how much had happened by then. */
interface Settled {
  readonly event: number
  readonly have: Uint8Array
}

/** A store of files on this disk, and the records that it had settled, oldest first. */
export function watchedStore(
  folder: string,
  disk: PowerDisk,
): { readonly store: ResumeStore; readonly settled: Settled[] } {
  const inner = fileResumeStore(folder, { warn: () => {} }, disk)
  const settled: Settled[] = []
  const store: ResumeStore = {
    ...inner,
    put: async (key, record) => {
      await inner.put(key, record)
      settled.push({ event: disk.events, have: record.have })
    },
  }
  return { store, settled }
}

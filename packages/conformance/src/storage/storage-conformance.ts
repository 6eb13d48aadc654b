import type { Storage } from '@bitloom/core'
import { defineSuite, type TestRunner } from '../kit/runner.js'
import { StorageBench, type StorageBenchOptions } from './bench.js'
import { bytesGuarantees } from './bytes.js'
import { lifeGuarantees } from './life.js'
import { offeredGuarantees, type StorageOffer } from './offered.js'

export interface StorageConformanceOptions extends StorageBenchOptions {
  /** The storage under test; a function makes a new one for each test. */
  readonly storage: Storage | (() => Storage)
  /** An existing folder that no test has used yet, asked for each torrent. Default: names of folders that do not exist. */
  directory?(): string | Promise<string>
  /** What it can besides what it must. Default none. */
  readonly offers?: readonly StorageOffer[]
  /** The title of the suite. Default: the storage's name. */
  readonly title?: string
}

/** Defines the tests of a `Storage`. */
export function storageConformance(runner: TestRunner, options: StorageConformanceOptions): void {
  const { storage } = options
  const title = options.title ?? `Storage ${(typeof storage === 'function' ? storage() : storage).name}`
  const guarantees = [...bytesGuarantees, ...lifeGuarantees, ...offeredGuarantees(options.offers ?? [])]
  defineSuite(
    runner,
    title,
    guarantees.map(({ run, ...guarantee }) => ({
      ...guarantee,
      run: async () => {
        const bench = new StorageBench(options)
        try {
          await run(bench)
        } finally {
          await bench.close()
        }
      },
    })),
  )
}

import { defineSuite, type TestRunner, unless } from '../kit/runner.js'
import { type TrackerGuarantee, TrackerBench } from './bench.js'
import { everyClient } from './every-client.js'
import { listed } from './listed.js'
import type { TrackerBenchOptions } from './played.js'
import { scraping } from './scraping.js'
import { announces, failures } from './served.js'

export type TrackerConformanceOptions = TrackerBenchOptions & {
  /** The title of the suite. Default "TrackerClient". */
  readonly title?: string
}

/**
 * Defines the tests of a `TrackerClient`. One that asks a server brings `serve`; one whose URL says where the peers are
 * brings `urlOf`, and what takes a server shows as skipped.
 */
export function trackerConformance(runner: TestRunner, options: TrackerConformanceOptions): void {
  defineSuite(
    runner,
    options.title ?? 'TrackerClient',
    guaranteesOf(options).map(({ run, ...guarantee }) => ({
      ...guarantee,
      run: async () => {
        const bench = new TrackerBench(options)
        try {
          await run(bench)
        } finally {
          await bench.close()
        }
      },
    })),
  )
}

function guaranteesOf(options: TrackerBenchOptions): readonly TrackerGuarantee[] {
  if (options.serve !== undefined) {
    const skip = unless(options.scrapes ?? true, 'does not scrape')
    return [...everyClient, ...announces, ...failures, ...scraping(skip)]
  }
  const skip = 'asks no server'
  const served = [...announces, ...failures, ...scraping(skip)].map((guarantee) => ({ ...guarantee, skip }))
  return [...everyClient, ...listed, ...served]
}

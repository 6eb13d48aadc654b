// Loaded into a measured Node process before its own code: at each SIGUSR2 it writes the delays of its event loop since the
// last one to the file $BITLOOM_BENCH_LOOP_DELAY, and begins anew.
import { writeFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { isMainThread } from 'node:worker_threads'

const file = process.env['BITLOOM_BENCH_LOOP_DELAY']
const resolution = 10
/** Loading code is no part of a transfer. */
const startUpMs = 500

if (isMainThread && file !== undefined) {
  const delays = monitorEventLoopDelay({ resolution })
  delays.enable()
  setTimeout(() => delays.reset(), startUpMs).unref()
  process.on('SIGUSR2', () => {
    // What is recorded is the time from one look to the next, of which the resolution is no delay.
    const ms = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - resolution)
    writeFileSync(file, JSON.stringify({ p99Ms: ms(delays.percentile(99)), maxMs: ms(delays.max) }))
    delays.reset()
  })
}

// What a soak measures, and what it makes of it.
import { existsSync, readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { getHeapCodeStatistics } from 'node:v8'

const MiB = 1_048_576
const descriptors = '/proc/self/fd'

/** Memory and handles now, after full collections where `--expose-gc` is given: buffers go with the second. */
export async function sample() {
  for (let times = 0; times < 2; times++) {
    globalThis.gc?.()
    await sleep(50)
  }
  const { rss, heapTotal, heapUsed, external } = process.memoryUsage()
  const { code_and_metadata_size: code, bytecode_and_metadata_size: bytecode } = getHeapCodeStatistics()
  return {
    minutes: performance.now() / 60_000,
    rss: rss / MiB,
    /** Of it, what V8 does not know of: allocators with their holes, stacks, programs. */
    native: (rss - heapTotal - external) / MiB,
    /** What V8 compiled. It grows for as long as functions are optimised anew, which says nothing of our objects. */
    code: (code + bytecode) / MiB,
    /** All other that lives: objects, and buffers outside of the heap. */
    objects: (heapUsed + external - code - bytecode) / MiB,
    handles: process.getActiveResourcesInfo().filter((name) => !/Timeout|Immediate/.test(name)).length,
    descriptors: existsSync(descriptors) ? readdirSync(descriptors).length : 0,
  }
}

/**
 * The growth of a figure in ten minutes: the median of the slopes between all pairs of samples (Theil and Sen), which a
 * step or some wild samples do not move. At most 400 samples are looked at, evenly chosen.
 */
export function growthPer10Minutes(samples, figure) {
  const step = Math.max(1, samples.length / 400)
  const chosen = Array.from({ length: Math.min(samples.length, 400) }, (_, at) => samples[Math.floor(at * step)])
  const slopes = chosen.flatMap((left, at) =>
    chosen.slice(at + 1).map((right) => (right[figure] - left[figure]) / (right.minutes - left.minutes)),
  )
  return slopes.sort((a, b) => a - b)[Math.floor(slopes.length / 2)] * 10
}

/** By how much the most of the last third of the samples is over the most of the first. */
export function rise(samples, figure) {
  const third = Math.ceil(samples.length / 3)
  const least = (some) => Math.min(...some.map((one) => one[figure]))
  return least(samples.slice(-third)) - least(samples.slice(0, third))
}

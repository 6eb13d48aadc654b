import { monitorEventLoopDelay } from 'node:perf_hooks'

/** How often the loop is looked at. */
const resolutionMs = 10

/** How late the event loop is. */
export interface LoopDelay {
  /** Since the last call. */
  read(): readonly { readonly quantile: string; readonly ms: number }[]
  stop(): void
}

/** Watches the event loop of this process, until it is stopped. */
export function watchLoop(): LoopDelay {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs })
  histogram.enable()
  // The histogram is of whole intervals, in ns: what is over the resolution is delay.
  const late = (ns: number): number => Math.max(0, ns / 1e6 - resolutionMs)
  return {
    read() {
      const delays =
        histogram.count === 0 ? [0, 0, 0] : [histogram.percentile(50), histogram.percentile(99), histogram.max]
      histogram.reset()
      return ['0.5', '0.99', '1'].map((quantile, index) => ({ quantile, ms: late(delays[index] ?? 0) }))
    },
    stop: () => void histogram.disable(),
  }
}

import { Counter, Gauge, Registry } from 'prom-client'
import type { Counts } from './counts.js'
import { definitions } from './definitions.js'

/** A registry of its own with every metric; values are read when it is asked. */
export function registryOf(counts: Counts): Registry {
  const registry = new Registry()
  for (const { name, type, help, labels = [], read } of definitions) {
    const shared = { name, help, labelNames: [...labels], registers: [registry] }
    const metric = type === 'counter' ? new Counter({ ...shared, collect }) : new Gauge({ ...shared, collect })
    function collect(): void {
      metric.reset()
      for (const { labels: of = {}, value } of read(counts)) metric.inc(of, value)
    }
  }
  return registry
}

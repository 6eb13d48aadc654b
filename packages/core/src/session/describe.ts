import { tokenName } from '../ports/token.js'
import type { SessionDescription } from './api.js'
import type { Binding } from './container.js'

/** "PiecePicker rarest-first", "TrackerClient http https": a port and what tells its implementations apart. */
export function describeBinding(binding: Binding, service: unknown): string {
  return [tokenName(binding.port), ...labels(service)].join(' ')
}

function labels(service: unknown): readonly string[] {
  if (typeof service !== 'object' || service === null) return []
  if ('name' in service && typeof service.name === 'string') return [service.name]
  return 'schemes' in service && Array.isArray(service.schemes) ? service.schemes.map(String) : []
}

/** The boot tree as text, one plugin a paragraph. */
export function formatDescription(description: SessionDescription): string {
  return description.plugins
    .map(({ name, contract, binds, taps, applyMs }) => {
      const tapped = Object.entries(taps).map(([hook, count]) => (count === 1 ? hook : `${hook} × ${count}`))
      const lines = [...binds.map((bind) => `binds ${bind}`), ...tapped.map((tap) => `taps ${tap}`)]
      const tree = lines.map((line, index) => `${index === lines.length - 1 ? '└─' : '├─'} ${line}`)
      return [`${name} (contract ${contract}, ${applyMs.toFixed(1)} ms)`, ...tree].join('\n')
    })
    .join('\n')
}

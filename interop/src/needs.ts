import { aria2 } from './clients/aria2.js'
import { bitloom } from './clients/bitloom.js'
import type { Client } from './clients/client.js'
import { libtorrent } from './clients/libtorrent.js'
import { qbittorrent } from './clients/qbittorrent.js'
import { transmission } from './clients/transmission.js'
import { webtorrent } from './clients/webtorrent.js'
import { installed } from './installed.js'
import { networkAvailable } from './network.js'

/** Every foreign client. */
export const foreignClients: readonly Client[] = [aria2, transmission, libtorrent, qbittorrent, webtorrent]

const checks: ReadonlyMap<string, () => boolean> = new Map([
  ...[...foreignClients, bitloom].map((client) => [client.name, () => client.available()] as const),
  ['network namespaces', () => installed('ip') && networkAvailable()],
  ['opentracker', () => installed('opentracker') && installed('curl')],
  ['mktorrent', () => installed('mktorrent')],
  ['transmission-create', () => installed('transmission-create') && installed('transmission-show')],
])

/** Says of programs whether they are missing; each is looked for once. */
export function lookForNeeds(): { missing(...names: string[]): string[]; allMissing(): string[] } {
  const found = new Map<string, boolean>()
  const has = (name: string): boolean => {
    const known = found.get(name)
    if (known !== undefined) return known
    const check = checks.get(name)
    if (check === undefined) throw new Error(`nobody knows how to look for ${name}`)
    const answer = check()
    found.set(name, answer)
    return answer
  }
  const missing = (...names: string[]): string[] => names.filter((name) => !has(name))
  return { missing, allMissing: () => missing(...checks.keys()) }
}

/** Must nothing be skipped? */
export const required = process.env['BITLOOM_INTEROP_REQUIRE'] === '1'

/** For `skipIf`: is something missing, and may it be? Where it may not, the test fails by `demand`. */
export function mayRun(missing: readonly string[]): boolean {
  return missing.length === 0 || required
}

/** @throws Error naming what is missing */
export function demand(missing: readonly string[]): void {
  if (missing.length > 0) throw new Error(`not installed: ${missing.join(', ')}`)
}

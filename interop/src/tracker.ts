import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Host } from './network.js'
import { run, type Running, startProcess, until } from './process.js'

/** opentracker on one host of the network. Debian's build answers only for the info-hashes it was given. */
export interface OpenTracker {
  readonly httpUrl: string
  readonly udpUrl: string
  /** Resolves when the tracker knows so many whole and unfinished peers; the numbers are of its scrape. */
  knows(infoHash: string, at: { readonly seeders?: number; readonly peers?: number }, timeoutMs: number): Promise<void>
}

const port = 6969

/** Starts it; `started` is told the process, which the caller stops. Resolves when it answers. */
export async function startOpenTracker(
  host: Host,
  infoHashes: readonly string[],
  directory: string,
  started: (running: Running) => void,
): Promise<OpenTracker> {
  const list = join(directory, 'allowed-hashes')
  writeFileSync(list, infoHashes.map((hash) => `${hash}\n`).join(''))
  const args = ['-i', host.ip, '-p', String(port), '-P', String(port), '-w', list]
  started(startProcess({ name: 'opentracker', command: 'opentracker', args, namespace: host.namespace }))
  const base = `http://${host.ip}:${port}`
  const scrape = async (infoHash: string): Promise<string | undefined> => {
    const escaped = infoHash.replaceAll(/../g, '%$&')
    const args = ['-sf', '--max-time', '2', `${base}/scrape?info_hash=${escaped}`]
    return run({ name: 'curl', command: 'curl', args, namespace: host.namespace }).catch(() => undefined)
  }
  const [first = '00'.repeat(20)] = infoHashes
  await until('opentracker answers', 5_000, () => scrape(first), 20)
  return {
    httpUrl: `${base}/announce`,
    udpUrl: `udp://${host.ip}:${port}/announce`,
    knows: async (infoHash, { seeders = 0, peers = 0 }, timeoutMs) => {
      await until(`opentracker knows ${seeders} seeders and ${peers} peers`, timeoutMs, async () => {
        const answer = await scrape(infoHash)
        const whole = Number(/8:completei(\d+)e/.exec(answer ?? '')?.[1] ?? 0)
        const unfinished = Number(/10:incompletei(\d+)e/.exec(answer ?? '')?.[1] ?? 0)
        return whole >= seeders && whole + unfinished >= peers ? true : undefined
      })
    },
  }
}

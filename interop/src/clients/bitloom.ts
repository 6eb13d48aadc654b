import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Running } from '../process.js'
import { type Client, type Job, later, peerArguments, startMs, transferMs } from './client.js'

/** Bitloom's own program, as it is built in this checkout. */
export const bitloomBinary = fileURLToPath(new URL('../../../packages/cli/bin/bitloom.js', import.meta.url))
const built = fileURLToPath(new URL('../../../packages/cli/dist/main.js', import.meta.url))

/** Starts the built binary; its output is a line of JSON an event. */
export function startBitloom(
  job: Pick<Job, 'host' | 'start' | 'state'>,
  args: readonly string[],
  node = process.execPath,
): Running {
  return job.start({
    name: `bitloom ${args[0]}`,
    command: node,
    args: [bitloomBinary, ...args, '--json', '--no-config', '--state-dir', job.state],
    namespace: job.host.namespace,
  })
}

/** Picks the line of one event, as the object it is. */
export function event(name: string): (line: string) => Readonly<Record<string, unknown>> | undefined {
  return (line) => {
    if (!line.startsWith(`{"event":"${name}"`)) return undefined
    return JSON.parse(line) as Record<string, unknown>
  }
}

/** Bitloom's own command line, as it is built in this checkout, run by one binary of Node. */
export function bitloomOn(node: string, name: string): Client {
  return {
    name,
    isOurs: true,
    available: () => existsSync(built) && existsSync(node),
    seed: async (job) => {
      const listen = `${job.host.ip}:${job.port}`
      const process = startBitloom(job, ['seed', job.torrent, job.directory, '--listen', listen, '--skip-check'], node)
      await process.line('it seeds', event('seeding'), startMs)
      return { process }
    },
    leech: async (job) => {
      const peers = peerArguments(job).flatMap((peer) => ['--peer', peer])
      const found = peers.length === 0 ? [] : [...peers, '--no-trackers']
      const args = ['download', job.torrent, '-o', job.directory, '--listen', `${job.host.ip}:${job.port}`]
      const process = startBitloom(job, [...args, ...found, '--seed'], node)
      return {
        process,
        complete: later(
          process.line('the download was complete', event('complete'), job.transferMs ?? transferMs).then(() => {}),
        ),
      }
    },
  }
}

/** With the Node that runs this. */
export const bitloom: Client = bitloomOn(process.execPath, 'bitloom')

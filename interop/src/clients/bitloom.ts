import { spawnSync } from 'node:child_process'
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
  [command, ...before]: readonly [string, ...string[]] = [process.execPath],
): Running {
  return job.start({
    name: `bitloom ${args[0]}`,
    command,
    args: [...before, bitloomBinary, ...args, '--json', '--no-config', '--state-dir', job.state],
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

/** Bitloom's own command line, as it is built in this checkout, run by one binary of Node, which `command` may have behind another program. */
export function bitloomOn(command: readonly [string, ...string[]], name: string): Client {
  const isThere = (program: string): boolean =>
    program.includes('/') ? existsSync(program) : spawnSync(program, ['--version']).error === undefined
  return {
    name,
    isOurs: true,
    available: () => existsSync(built) && isThere(command[0]),
    seed: async (job) => {
      const listen = `${job.host.ip}:${job.port}`
      const process = startBitloom(
        job,
        ['seed', job.torrent, job.directory, '--listen', listen, '--skip-check'],
        command,
      )
      await process.line('it seeds', event('seeding'), startMs)
      return { process }
    },
    leech: async (job) => {
      const peers = peerArguments(job).flatMap((peer) => ['--peer', peer])
      const found = peers.length === 0 ? [] : [...peers, '--no-trackers']
      const args = ['download', job.torrent, '-o', job.directory, '--listen', `${job.host.ip}:${job.port}`]
      const process = startBitloom(job, [...args, ...found, '--seed'], command)
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
export const bitloom: Client = bitloomOn([process.execPath], 'bitloom')

/** Held to one core, where it has no thread for hashing. */
export const bitloomOnOneCore: Client = bitloomOn(
  ['taskset', '--cpu-list', '0', process.execPath],
  'bitloom (one core)',
)

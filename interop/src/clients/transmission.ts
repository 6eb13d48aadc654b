import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { installed } from '../installed.js'
import { run, type Running, until } from '../process.js'
import { type Client, type Job, later, startMs, transferMs } from './client.js'

const rpcPort = 9091

function settings(job: Job, doneScript: string | undefined): string {
  return JSON.stringify({
    'bind-address-ipv4': job.host.ip,
    'peer-port': job.port,
    'rpc-port': rpcPort,
    'rpc-bind-address': '127.0.0.1',
    'rpc-whitelist-enabled': false,
    'dht-enabled': false,
    'lpd-enabled': false,
    'pex-enabled': false,
    'utp-enabled': false,
    'port-forwarding-enabled': false,
    'download-dir': job.directory,
    encryption: 0,
    preallocation: 0,
    'peer-limit-global': 100,
    'peer-limit-per-torrent': 50,
    'start-added-torrents': false,
    'script-torrent-done-enabled': doneScript !== undefined,
    'script-torrent-done-filename': doneScript ?? '',
  })
}

async function remote(job: Job, ...args: string[]): Promise<string> {
  const command = 'transmission-remote'
  return run({ name: command, command, args: [`127.0.0.1:${rpcPort}`, ...args], namespace: job.host.namespace })
}

async function start(job: Job, role: string, doneScript?: string): Promise<Running> {
  writeFileSync(join(job.state, 'settings.json'), settings(job, doneScript))
  const process = job.start({
    name: `transmission (${role})`,
    command: 'transmission-daemon',
    args: ['-f', '-g', job.state, '--log-error'],
    namespace: job.host.namespace,
  })
  await until('transmission answers', startMs, () => remote(job, '-si').catch(() => undefined))
  await remote(job, '-a', job.torrent)
  return process
}

/** transmission-daemon with settings of its own. Version 3 cannot be told a peer: it finds peers through the tracker. */
export const transmission: Client = {
  name: 'transmission',
  skipsEmptyFiles: true,
  available: () => installed('transmission-daemon') && installed('transmission-remote'),
  seed: async (job) => {
    const process = await start(job, 'seed')
    await remote(job, '-t', '1', '-v')
    await until('transmission has checked its data', startMs, async () => {
      const facts = await remote(job, '-t', '1', '-i')
      return facts.includes('Percent Done: 100%') ? true : undefined
    })
    await remote(job, '-t', '1', '-s')
    return { process }
  },
  leech: async (job) => {
    const mark = join(job.state, 'done')
    const script = join(job.state, 'done.sh')
    writeFileSync(script, `#!/bin/sh\n: > '${mark}'\n`, { mode: 0o755 })
    const process = await start(job, 'leech', script)
    await remote(job, '-t', '1', '-s')
    const complete = until('transmission was done', job.transferMs ?? transferMs, async () => {
      if (process.hasEnded) throw new Error(`transmission ended\n${process.log()}`)
      return existsSync(mark) ? true : undefined
    })
    return { process, complete: later(complete.then(() => {})) }
  },
}

import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { installed } from '../installed.js'
import { run, type Running, until } from '../process.js'
import { type Client, type Job, later, peerArguments, startMs, transferMs } from './client.js'

const webPort = 18_080

function settings(job: Job, doneScript: string): string {
  return `[LegalNotice]
Accepted=true
[BitTorrent]
Session\\DHTEnabled=false
Session\\LSDEnabled=false
Session\\PeXEnabled=false
Session\\Port=${job.port}
Session\\InterfaceAddress=${job.host.ip}
Session\\BTProtocol=TCP
Session\\DefaultSavePath=${job.directory}
Session\\MultiConnectionsPerIp=true
Session\\QueueingSystemEnabled=false
Session\\Preallocation=false
[Preferences]
WebUI\\Address=127.0.0.1
WebUI\\Port=${webPort}
WebUI\\LocalHostAuth=false
General\\Locale=en
[AutoRun]
enabled=true
program=${doneScript}
`
}

const doneMark = (job: Job): string => join(job.state, 'done')

async function api(job: Job, path: string, ...args: string[]): Promise<string> {
  const url = `http://127.0.0.1:${webPort}/api/v2/${path}`
  return run({ name: 'curl', command: 'curl', args: ['-sf', ...args, url], namespace: job.host.namespace })
}

async function start(job: Job, role: 'seed' | 'leech'): Promise<Running> {
  const folder = join(job.state, 'qBittorrent', 'config')
  mkdirSync(folder, { recursive: true })
  // Whether it is done could be asked by its API too, but the asking would take the time of the transfer.
  const script = join(job.state, 'done.sh')
  writeFileSync(script, `#!/bin/sh\n: > '${doneMark(job)}'\n`, { mode: 0o755 })
  writeFileSync(join(folder, 'qBittorrent.conf'), settings(job, script))
  const process = job.start({
    name: `qbittorrent (${role})`,
    command: 'qbittorrent-nox',
    args: [`--profile=${job.state}`],
    namespace: job.host.namespace,
  })
  await until('qbittorrent answers', startMs, () => api(job, 'app/version').catch(() => undefined))
  // Quoted: curl would split a path at its commas.
  const form = [`torrents=@"${job.torrent}"`, `savepath=${job.directory}`, `skip_checking=${role === 'seed'}`]
  await api(job, 'torrents/add', ...form.flatMap((field) => ['-F', field]))
  return process
}

async function facts(job: Job): Promise<{ readonly progress: number; readonly state: string } | undefined> {
  const list = JSON.parse(await api(job, 'torrents/info')) as { progress: number; state: string }[]
  return list[0]
}

/** qbittorrent-nox through its web API. */
export const qbittorrent: Client = {
  name: 'qbittorrent',
  available: () => installed('qbittorrent-nox') && installed('curl'),
  seed: async (job) => {
    const process = await start(job, 'seed')
    await until('qbittorrent seeds', startMs, async () => {
      const torrent = await facts(job)
      return torrent?.progress === 1 && /UP$|uploading/.test(torrent.state) ? true : undefined
    })
    return { process }
  },
  leech: async (job) => {
    const process = await start(job, 'leech')
    const peers = peerArguments(job)
    if (peers.length > 0) {
      // The torrent is added a moment after the API said so.
      const form = ['--data-urlencode', `hashes=${job.infoHash}`, '--data-urlencode', `peers=${peers.join('|')}`]
      await until('qbittorrent takes a peer', startMs, () =>
        api(job, 'torrents/addPeers', ...form).catch(() => undefined),
      )
    }
    const complete = until('qbittorrent was done', job.transferMs ?? transferMs, async () => {
      if (process.hasEnded) throw new Error(`qbittorrent ended\n${process.log()}`)
      return existsSync(doneMark(job)) ? true : undefined
    })
    return { process, complete: later(complete.then(() => {})) }
  },
}

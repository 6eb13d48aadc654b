import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type Client, type Job, later, peerArguments, startMs, transferMs } from './client.js'

const script = fileURLToPath(new URL('../../peers/libtorrent_peer.py', import.meta.url))
/** Debian's binding belongs to the system's own interpreter. */
const python = '/usr/bin/python3'

function start(job: Job, mode: 'seed' | 'leech') {
  const copies = job.copies === undefined ? [] : [`--copies=${job.copies}`]
  return job.start({
    name: `libtorrent (${mode})`,
    command: python,
    args: [
      '-u',
      script,
      mode,
      job.torrent,
      job.directory,
      job.host.ip,
      String(job.port),
      ...copies,
      ...peerArguments(job),
    ],
    namespace: job.host.namespace,
  })
}

const event =
  (name: string) =>
  (line: string): true | undefined =>
    line.includes(`"event": "${name}"`) ? true : undefined

/** libtorrent-rasterbar through its Python binding. */
export const libtorrent: Client = {
  name: 'libtorrent',
  available: () => spawnSync(python, ['-c', 'import libtorrent'], { stdio: 'ignore' }).status === 0,
  seed: async (job) => {
    const process = start(job, 'seed')
    await process.line('it seeds', event('seeding'), startMs)
    return { process }
  },
  leech: async (job) => {
    const process = start(job, 'leech')
    return {
      process,
      complete: later(
        process.line('the download was complete', event('complete'), job.transferMs ?? transferMs).then(() => {}),
      ),
    }
  },
}

/** The info-hashes that libtorrent computes for a torrent file, as hex digits. */
export function libtorrentHashes(torrent: string): { readonly v1?: string; readonly v2?: string } {
  const { stdout, stderr, status } = spawnSync(python, [script, 'info', torrent], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`libtorrent refused ${torrent}: ${stderr}`)
  return JSON.parse(stdout) as { v1?: string; v2?: string }
}

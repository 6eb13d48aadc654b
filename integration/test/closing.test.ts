import { createSocket } from 'node:dgram'
import { createServer, type Socket } from 'node:net'
import { writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { addressOf, inLab, type Lab, makeSeeded } from '../src/lab.js'
import { differences } from '../src/payload.js'
import { startProgram } from '../src/program.js'

const files = { 'a.bin': 8_000_000, 'b.bin': 1_000_000 }

/** A seeder that takes its time, and the torrent as a file. */
async function prepare(lab: Lab) {
  const { made, seeder } = await makeSeeded(lab, files, { limits: { upBytesPerSecond: 2_000_000 } })
  const torrent = lab.path('album.torrent')
  await writeFile(torrent, made.bytes)
  return { made, seeder, job: { torrent, directory: lab.path('downloads'), peers: [addressOf(seeder)] } }
}

/** URLs of trackers that take what comes and never answer. */
async function silentTrackers(lab: Lab): Promise<string[]> {
  const sockets = new Set<Socket>()
  const tcp = createServer((socket) => void sockets.add(socket.on('error', () => {})))
  await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve))
  const udp = createSocket('udp4')
  await new Promise<void>((resolve) => udp.bind(0, '127.0.0.1', resolve))
  lab.defer(() => {
    for (const socket of sockets) socket.destroy()
    tcp.close()
    udp.close()
  })
  const address = tcp.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return [`http://127.0.0.1:${port}/announce`, `udp://127.0.0.1:${udp.address().port}/announce`]
}

describe.concurrent('close() in the middle of a download', () => {
  it.for(['no tracker', 'trackers that never answer'])(
    'leaves nothing open: the process ends, with %s',
    inLab(async (lab, which) => {
      const { made, job } = await prepare(lab)
      const trackers = which === 'no tracker' ? [] : await silentTrackers(lab)
      const program = startProgram({ ...job, trackers, closeAfterPieces: 20 })
      lab.defer(() => program.kill())
      await program.event('closing')
      const beganMs = performance.now()
      const { code, atMs, stderr } = await program.ended
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(atMs - beganMs).toBeLessThan(5_000)
      const kinds = program.events.map(({ event }) => event)
      expect(kinds).toContain('closed')
      expect(kinds).not.toContain('completed')
      expect(await differences(made.path, lab.path('downloads', 'album'))).not.toEqual([])
    }),
  )

  it(
    'keeps what was there for the next process',
    inLab(async (lab) => {
      const { made, seeder, job } = await prepare(lab)
      const first = startProgram({ ...job, closeAfterPieces: 20 })
      lab.defer(() => first.kill())
      await first.ended
      seeder.setLimits({ upBytesPerSecond: undefined })
      const second = await lab.session()
      const handle = await second.add({ ...job, torrent: made.torrent })
      await handle.ready
      expect(handle.view.content?.have.count).toBeGreaterThanOrEqual(20)
      await handle.completed
      expect(await differences(made.path, lab.path('downloads', 'album'))).toEqual([])
    }),
  )
})

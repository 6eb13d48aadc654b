import { execFile } from 'node:child_process'
import { connect, type Socket } from 'node:net'
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { systemClock } from '@bitloom/core/node'
import { describe, expect, it } from 'vitest'
import { isFull } from '../src/faults.js'
import { Seat } from '../src/hostile-seat.js'
import { inLab, until } from '../src/lab.js'
import { startProgram } from '../src/program.js'

const connections = 500
const seconds = isFull ? 600 : 60
const soakMinutes = 3

/** What `scripts/soak.mjs` prints last. */
interface Found {
  readonly rounds: number
  readonly whole: number
  readonly wrong: number
  readonly uncaught: number
  readonly warnings: number
  /** MiB in ten minutes: of the process, and of what lives in it. */
  readonly growth: { readonly rss: number; readonly objects: number }
  /** How many more there are at the end. */
  readonly handles: number
  readonly descriptors: number
  /** Torrents and sessions that are over and still live. */
  readonly survivors: number
  /** Faults that never came. */
  readonly absent: readonly string[]
}

describe.concurrent('for some minutes', () => {
  it(
    `${connections} connections held for ${seconds} s: all stay, and the event loop is not late`,
    inLab(async (lab) => {
      const made = await lab.make('album', { 'a.bin': 3_000_000 })
      await writeFile(lab.path('album.torrent'), made.bytes)
      const program = startProgram({
        torrent: lab.path('album.torrent'),
        directory: made.directory,
        maxPeers: connections + 100,
      })
      lab.defer(() => program.kill())
      const { at } = await program.event('ready')
      const sockets: Socket[] = []
      lab.defer(() => sockets.forEach((socket) => void socket.destroy()))
      const clock = systemClock()
      const seats: Seat[] = []
      const sit = (number: number): void => {
        const socket = connect({ host: '127.0.0.1', port: at?.port ?? 0 })
        sockets.push(socket.on('error', () => {}))
        const pipe = {
          write: (bytes: Uint8Array) => void socket.write(bytes),
          onBytes: (sink: (bytes: Uint8Array) => void) => void socket.on('data', sink),
          onClose: (sink: () => void) => void socket.on('close', sink),
          pause: () => void socket.pause(),
          close: () => void socket.destroy(),
        }
        const seat = new Seat(pipe, made.torrent, number, clock, new Uint8Array(20))
        seat.greet()
        seat.say((wire) => (wire.haveNone(), wire.interested(true)))
        seats.push(seat)
      }
      // Only 100 may wait for their handshake at a time.
      for (let number = 0; number < connections; number++) {
        sit(number)
        if (number % 50 === 49) await until('all have shaken hands', () => seats.every((seat) => seat.isShaken))
      }
      const stayMs = 60_000
      const staying = setInterval(() => seats.forEach((seat) => seat.say((wire) => wire.keepAlive())), stayMs)
      lab.defer(() => clearInterval(staying))
      program.askFigures()
      await new Promise((resolve) => void setTimeout(resolve, seconds * 1_000))
      const before = program.events.length
      program.askFigures()
      await until('it tells its figures', () => program.events.length > before)
      const { loopP99Ms = Infinity, loopMaxMs = 0 } = program.events.at(-1) ?? {}
      console.log(
        `limits: 500 connections: event loop p99 ${loopP99Ms.toFixed(0)} ms, at most ${loopMaxMs.toFixed(0)}, in ${seconds} s`,
      )
      expect(seats.filter((seat) => seat.isClosed)).toEqual([])
      // The promise is 50 ms; a busy machine has five times that.
      expect(loopP99Ms).toBeLessThan(250)
    }),
    (seconds + 60) * 1_000,
  )

  it(
    'torrents come and go with all faults in rotation: no wrong byte, nothing uncaught, memory and handles flat',
    async ({ signal }) => {
      const script = fileURLToPath(new URL('../../scripts/soak.mjs', import.meta.url))
      const args = ['--expose-gc', '--max-semi-space-size=1', script, '--minutes', String(soakMinutes), '--mib', '2']
      // It ends with 1 where something grew, and says what.
      const run = promisify(execFile)(process.execPath, args, { signal })
      const { stdout } = await run.catch((error: Error & { stdout: string }) => error)
      const found = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Found
      const { growth, rounds, handles, descriptors, survivors, ...rest } = found
      console.log(
        `limits: a soak: ${rounds} torrents in ${soakMinutes} min, what lives grew by ${growth.objects} MiB in ten minutes, handles by ${handles}, ${survivors} of those removed still live`,
      )
      expect(rest).toMatchObject({ whole: rounds, wrong: 0, uncaught: 0, warnings: 0, absent: [] })
      expect(rounds).toBeGreaterThan(16)
      expect(handles).toBeLessThanOrEqual(0)
      expect(descriptors).toBeLessThanOrEqual(0)
      // Those of the last round may be held a little longer.
      expect(survivors).toBeLessThanOrEqual(3)
      // The promise is 1 MiB of the process in ten minutes after ten; what lives tells sooner, and has five times that.
      expect(growth.objects).toBeLessThan(5)
    },
    (soakMinutes + 2) * 60_000,
  )
})

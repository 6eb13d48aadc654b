import { connect, type Socket } from 'node:net'
import { writeFile } from 'node:fs/promises'
import { systemClock } from '@bitloom/core/node'
import { expect, it } from 'vitest'
import { isFull } from '../src/faults.js'
import { Seat } from '../src/hostile-seat.js'
import { inLab, until } from '../src/lab.js'
import { startProgram } from '../src/program.js'

const connections = 500
const seconds = isFull ? 600 : 10

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

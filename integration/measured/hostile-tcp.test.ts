import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import type { IpEndpoint, Metainfo } from '@bitloom/core'
import { systemClock } from '@bitloom/core/node'
import { expect, it } from 'vitest'
import type { HostilePeer } from '../src/hostile-kit.js'
import { hostilePeers } from '../src/hostile-peers.js'
import { type Pipe, Seat } from '../src/hostile-seat.js'
import { addressOf, inLab, isLinux, type Lab, type Made, seed, until } from '../src/lab.js'
import { differences } from '../src/payload.js'
import { type Program, startProgram } from '../src/program.js'

const MiB = 1_048_576
const clock = systemClock()
const sleep = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms))

/** Attackers, each with an address of its own: a ban is of an address. */
class Attack {
  readonly #sockets: Socket[] = []
  #count = 0

  constructor(
    readonly at: IpEndpoint,
    readonly torrent: Metainfo,
    readonly theirId: Uint8Array,
  ) {}

  seat(does: HostilePeer['does']): Promise<Seat> {
    const number = ++this.#count
    const localAddress = `127.1.${number >> 8}.${number & 255 || 254}`
    const socket = connect({ host: this.at.host, port: this.at.port, localAddress })
    this.#sockets.push(socket)
    const seat = new Seat(pipeOf(socket), this.torrent, number, clock, this.theirId)
    return new Promise((resolve) => {
      const begin = (): void => {
        does(seat)
        resolve(seat)
      }
      // Evicted while it connects: that is closed, too.
      socket.once('connect', begin).on('error', () => resolve(seat))
    })
  }

  /** Plays rows of the table at the same time; answers how many of each were closed, asked for later. */
  async rows(rows: readonly HostilePeer[]): Promise<() => { name: string; closed: number }[]> {
    const seated = await Promise.all(
      rows.map(async ({ name, does, count = 1 }) => {
        return { name, seats: await Promise.all(Array.from({ length: count }, () => this.seat(does))) }
      }),
    )
    return () => seated.map(({ name, seats }) => ({ name, closed: seats.filter((seat) => seat.isClosed).length }))
  }

  crowd(count: number, does: HostilePeer['does']): void {
    for (let at = 0; at < count; at++) void this.seat(does)
  }

  end(): void {
    for (const socket of this.#sockets) socket.destroy()
  }
}

function pipeOf(socket: Socket): Pipe {
  return {
    write: (bytes) => void socket.write(bytes),
    onBytes: (sink) => void socket.on('data', sink),
    onClose: (sink) => void socket.on('close', sink),
    pause: () => void socket.pause(),
    close: () => void socket.destroy(),
  }
}

const expected = (rows: readonly HostilePeer[]) =>
  rows.map(({ name, ends, closes, count = 1 }) => ({ name, closed: ends === 'stays' ? 0 : (closes ?? count) }))

/** Downloads in a process of its own, from an honest session here; `attack` begins when it is ready. */
async function download(lab: Lab, made: Made, into: string, attack: (program: Program, at: Attack) => Promise<void>) {
  const honest = await lab.session({ limits: { upBytesPerSecond: MiB } })
  await seed(honest, made)
  const directory = lab.path(into)
  // What is asked of it, it has: the first ten MiB are there.
  await mkdir(lab.path(into, 'album'), { recursive: true })
  await writeFile(lab.path(into, 'album', 'a.bin'), (await readFile(join(made.path, 'a.bin'))).subarray(0, 10 * MiB))
  const program = startProgram({
    torrent: lab.path('album.torrent'),
    directory,
    peers: [addressOf(honest)],
    extensions: true,
  })
  lab.defer(() => program.kill())
  const { at, peerId = '' } = await program.event('ready')
  program.askFigures()
  const began = performance.now()
  let tookMs = 0
  // Where it ends otherwise, the wait for it tells.
  program.event('completed').then(
    () => (tookMs = performance.now() - began),
    () => {},
  )
  const attackers = new Attack(at as IpEndpoint, made.torrent, Uint8Array.from(Buffer.from(peerId, 'hex')))
  lab.defer(() => attackers.end())
  await attack(program, attackers)
  await until('the download ends', () => tookMs > 0, 60_000)
  const before = program.events.length
  program.askFigures()
  await until('it tells its figures', () => program.events.length > before)
  const { peakRssBytes = 0, loopP99Ms = 0, loopMaxMs = 0 } = program.events.at(-1) ?? {}
  attackers.end()
  program.terminate()
  const { code, stderr } = await program.ended
  expect({ code, stderr, wrong: await differences(made.path, lab.path(into, 'album')) }).toEqual({
    code: 0,
    stderr: '',
    wrong: [],
  })
  await honest.close()
  return { tookMs, peakRssBytes, loopP99Ms, loopMaxMs }
}

// Attackers need addresses of their own, and only Linux has all of 127.0.0.0/8.
it.skipIf(!isLinux)(
  'every hostile peer, and crowds of them, over TCP: what they get is as promised, and the honest download ends in twice its time',
  inLab(async (lab) => {
    const made = await lab.make('album', { 'a.bin': 24 * MiB })
    await writeFile(lab.path('album.torrent'), made.bytes)
    const clean = await download(lab, made, 'clean', async () => {})

    const closing = hostilePeers.filter(({ ends, closes }) => ends === 'closed' && closes === undefined)
    // Of these some stay until the crowds want their places.
    const staying = hostilePeers.filter(({ ends, closes }) => ends === 'stays' || closes !== undefined)
    let honestMs = Infinity
    const attacked = await download(lab, made, 'attacked', async (_program, attack) => {
      const closed = await attack.rows(closing)
      // Handshakes have 10 s; those that stay are played beside them.
      await sleep(500)
      const stayed = await attack.rows(staying)
      await sleep(1_500)
      expect(stayed()).toEqual(expected(staying))
      attack.crowd(200, (seat) => {
        seat.greet()
        seat.declare(0xffff_ffff, 7)
      })
      attack.crowd(1_000, (seat) => seat.send(new Uint8Array(300).fill(0xee)))
      attack.crowd(1_000, (seat) => {
        seat.greet()
        seat.send(new Uint8Array(5_000).fill(0xee))
      })
      attack.crowd(100, (seat) => {
        seat.greet()
        seat.stopReading()
        seat.say((wire) => wire.interested(true))
        seat.onUnchoke = () => {}
        for (let at = 0; at < 400; at++) seat.say((wire) => wire.request(at % 100, 0, 16_384))
      })
      attack.crowd(1_000, () => {})
      await sleep(500)
      const began = performance.now()
      const honest = await attack.seat((seat) => seat.greet())
      await until('an honest peer is answered or refused', () => honest.isShaken || honest.isClosed)
      honestMs = performance.now() - began
      await until('the slow ones are gone', () => closed().every(({ closed: count }) => count > 0))
      expect(closed()).toEqual(expected(closing))
    })
    const grownMiB = (attacked.peakRssBytes - clean.peakRssBytes) / MiB
    const ratio = attacked.tookMs / clean.tookMs
    console.log(
      `limits: hostile peers over TCP: memory +${grownMiB.toFixed(0)} MiB, event loop p99 ${attacked.loopP99Ms.toFixed(0)} ms ` +
        `(clean ${clean.loopP99Ms.toFixed(0)}; at most ${attacked.loopMaxMs.toFixed(0)}), download ${ratio.toFixed(2)} × its clean time, ` +
        `an honest peer answered after ${honestMs.toFixed(0)} ms`,
    )
    expect(grownMiB).toBeLessThan(64)
    expect(ratio).toBeLessThan(2)
    // The promises are 2 s and 50 ms; a busy machine has five times that.
    expect(honestMs).toBeLessThan(10_000)
    expect(attacked.loopP99Ms).toBeLessThan(250)
  }),
  120_000,
)

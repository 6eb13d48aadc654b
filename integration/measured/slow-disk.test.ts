import { writeFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { addressOf, inLab, until } from '../src/lab.js'
import { startProgram } from '../src/program.js'

const MiB = 1_048_576

it(
  'a disk of 1 MB/s with four fast peers: what is not written yet is bounded, and so is memory',
  inLab(async (lab) => {
    const made = await lab.make('album', { 'a.bin': 160 * MiB }, { pieceLengthBytes: MiB })
    await writeFile(lab.path('album.torrent'), made.bytes)
    const sessions = [await lab.session(), await lab.session(), await lab.session(), await lab.session()]
    for (const session of sessions)
      await (
        await session.add({ torrent: made.torrent, directory: made.directory, check: 'skip' })
      ).ready
    const job = { torrent: lab.path('album.torrent'), directory: lab.path('downloads'), writeBytesPerSecond: 1_000_000 }
    const program = startProgram({ ...job, peers: sessions.map((session) => addressOf(session)) })
    lab.defer(() => program.kill())
    await program.event('ready')
    const ask = async () => {
      const before = program.events.length
      program.askFigures()
      await until('it tells its figures', () => program.events.length > before)
      const { peakRssBytes = 0, receivedBytes = 0, loopP99Ms = 0 } = program.events.at(-1) ?? {}
      return { peakRssBytes, receivedBytes, loopP99Ms }
    }
    const base = await ask()
    // It takes 64 MiB at once, and then what the disk does.
    let now = base
    for (const endMs = performance.now() + 6_000; performance.now() < endMs;) {
      await new Promise((resolve) => void setTimeout(resolve, 500))
      now = await ask()
    }
    const grownMiB = (now.peakRssBytes - base.peakRssBytes) / MiB
    console.log(
      `limits: a slow disk: memory +${grownMiB.toFixed(0)} MiB, ${(now.receivedBytes / MiB).toFixed(0)} MiB came`,
    )
    expect(now.receivedBytes).toBeGreaterThan(32 * MiB)
    expect(now.receivedBytes).toBeLessThan(90 * MiB)
    expect(grownMiB).toBeLessThan(128)
  }),
)

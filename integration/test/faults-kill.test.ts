import { writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { figure, isFull, piecesOnDisk } from '../src/faults.js'
import { addressOf, inLab, type Lab, seed } from '../src/lab.js'
import { differences } from '../src/payload.js'
import { startProgram } from '../src/program.js'

const pieceBytes = 32_768

/** A seeder of so many bytes a second in this process, and what a process of its own is told to download. */
async function prepare(lab: Lab, megabytes: number, upBytesPerSecond: number) {
  const made = await lab.make('album', { 'a.bin': megabytes * 700_000, 'b/c.bin': megabytes * 300_000, 'd.bin': 777 })
  const seeder = await lab.session({ limits: { upBytesPerSecond } })
  const view = await seed(seeder, made)
  const torrent = lab.path('album.torrent')
  await writeFile(torrent, made.bytes)
  const directory = lab.path('downloads')
  const job = { torrent, directory, peers: [addressOf(seeder)], stateDirectory: lab.path('state'), tellPieces: true }
  const start = () => {
    const program = startProgram(job)
    lab.defer(() => program.kill())
    return program
  }
  return { made, seeder, view, directory, start }
}

it.for([20, 40, 60, 80].flatMap((percent) => Array.from({ length: isFull ? 5 : 1 }, () => percent)))(
  'a download that is killed at %i percent goes on with all that was whole',
  { timeout: 120_000 },
  inLab(async (lab, percent) => {
    const { made, seeder, view, directory, start } = await prepare(lab, 5, 4_000_000)
    const { pieceCount } = made.torrent.layout
    const killed = start()
    await killed.event('piece', ({ pieces = 0 }) => pieces >= (pieceCount * percent) / 100)
    killed.kill()
    await killed.ended
    const whole = await piecesOnDisk(made.torrent, directory)
    const open = view.stats.uploadedBytes / pieceBytes - whole.length
    seeder.setLimits({ upBytesPerSecond: undefined })

    const again = start()
    const { pieces, state } = await again.event('ready')
    expect({ pieces, state }).toEqual({ pieces: whole.length, state: 'downloading' })
    const { receivedBytes = 0 } = await again.event('completed')
    expect(receivedBytes).toBeLessThanOrEqual(made.torrent.lengthBytes - (whole.length - 1) * pieceBytes)
    expect(await differences(made.path, `${directory}/album`)).toEqual([])
    again.terminate()
    await again.ended
    const twice = view.stats.uploadedBytes - made.torrent.lengthBytes
    expect(twice).toBeLessThanOrEqual(Math.ceil(open + 1) * pieceBytes)
    figure(
      `SIGKILL at ${percent} %: ${whole.length} of ${pieceCount} pieces whole, none of them fetched again, ` +
        `${Math.round(twice / 1024)} KiB of open pieces fetched again, files identical`,
    )
  }),
)

it(
  'a download that is killed again and again gets done, and takes no more than a quarter more',
  { timeout: 300_000 },
  inLab(async (lab) => {
    const [megabytes, everyMs] = isFull ? [24, 2_000] : [3, 800]
    const { made, view, directory, start } = await prepare(lab, megabytes, isFull ? 1_500_000 : 800_000)
    let kills = 0
    for (let isDone = false; !isDone;) {
      const program = start()
      await program.event('ready')
      const done = program.event('completed').then(
        () => true,
        () => false,
      )
      isDone = await Promise.race([done, sleep(everyMs, false)])
      if (isDone) program.terminate()
      else program.kill()
      kills += Number(!isDone)
      await program.ended
      expect(kills).toBeLessThan(60)
    }
    expect(await differences(made.path, `${directory}/album`)).toEqual([])
    const share = view.stats.uploadedBytes / made.torrent.lengthBytes
    figure(`SIGKILL every ${everyMs / 1_000} s until done: ${kills} kills, ${share.toFixed(3)} × the size downloaded`)
    expect(kills).toBeGreaterThan(0)
    expect(share).toBeLessThanOrEqual(1.25)
  }),
)

it(
  'a download that is stopped for a while (SIGSTOP) goes on',
  { timeout: 180_000 },
  inLab(async (lab) => {
    const stopMs = isFull ? 60_000 : 3_000
    const { made, seeder, directory, start } = await prepare(lab, 4, 2_000_000)
    const program = start()
    await program.event('piece', ({ pieces = 0 }) => pieces >= 30)
    program.pause()
    await sleep(stopMs)
    seeder.setLimits({ upBytesPerSecond: undefined })
    const beganMs = performance.now()
    program.resume()
    await program.event('completed')
    figure(
      `SIGSTOP for ${stopMs / 1_000} s: done ${((performance.now() - beganMs) / 1_000).toFixed(1)} s after SIGCONT`,
    )
    program.terminate()
    expect(await program.ended).toMatchObject({ code: 0, stderr: '' })
    expect(await differences(made.path, `${directory}/album`)).toEqual([])
  }),
)

import { writeFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { figure, isFull } from '../src/faults.js'
import { inLab } from '../src/lab.js'
import { differences, filesBelow } from '../src/payload.js'
import { startProgram } from '../src/program.js'

const fileCount = isFull ? 5_000 : 2_000
const maxOpenFiles = 256

/** Small files in nested folders, one in ten of them empty, several to a piece. */
function lengths(): Record<string, number> {
  const entries = Array.from({ length: fileCount }, (_, index) => {
    const folder = `d${index % 13}/e${index % 7}${index % 3 === 0 ? '/deep/deeper' : ''}`
    return [`${folder}/${index}.bin`, index % 10 === 0 ? 0 : 100 + ((index * 7_919) % 5_000)] as const
  })
  return Object.fromEntries(entries)
}

it(
  `${fileCount} files go from a process to another, neither of which may have more than 256 open`,
  { timeout: isFull ? 600_000 : 60_000 },
  inLab(async (lab) => {
    const made = await lab.make('many', lengths())
    expect(made.torrent.files).toHaveLength(fileCount)
    const torrent = lab.path('many.torrent')
    await writeFile(torrent, made.bytes)

    const seeder = startProgram({ torrent, directory: made.directory }, maxOpenFiles)
    lab.defer(() => seeder.kill())
    const seeding = await seeder.event('ready')
    expect(seeding).toMatchObject({ state: 'seeding', maxOpenFiles })
    const peers = seeding.at === undefined ? [] : [seeding.at]
    const leecher = startProgram({ torrent, directory: lab.path('downloads'), peers }, maxOpenFiles)
    lab.defer(() => leecher.kill())
    expect(await leecher.event('ready')).toMatchObject({ state: 'downloading', maxOpenFiles })
    await leecher.event('completed')

    for (const program of [leecher, seeder]) {
      program.terminate()
      expect(await program.ended).toMatchObject({ code: 0, stderr: '' })
      expect(program.events.filter(({ event }) => event === 'failed')).toEqual([])
    }
    expect(await differences(made.path, lab.path('downloads', 'many'))).toEqual([])
    // Nothing lies beside them.
    expect(await filesBelow(lab.path('downloads'))).toHaveLength(fileCount)
    figure(`ulimit -n ${maxOpenFiles}, ${fileCount} files: identical, both ways`)
  }),
)

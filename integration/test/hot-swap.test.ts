import { writeFile } from 'node:fs/promises'
import { Choker, PeerExtension, PiecePicker, type Plugin, pluginContract, type TraceRecord } from '@bitloom/core'
import { describe, expect, it } from 'vitest'
import { inLab, until } from '../src/lab.js'
import { differences } from '../src/payload.js'
import { type Program, startProgram } from '../src/program.js'

const files = { 'a.bin': 6_000_000, 'sub/b.bin': 2_000_001 }

const lastFirst: PiecePicker = {
  name: 'last-first',
  create: (torrent) => ({
    pick(_peer, picks) {
      picks.takePartials()
      for (let piece = torrent.pieceCount - 1; piece >= 0 && picks.left > 0; piece--) picks.take(piece, 'last first')
    },
  }),
}

const everyone: Choker = {
  name: 'everyone',
  create: () => (round) => round.candidates.map(({ peer }) => ({ peer, reason: 'everyone' })),
}

/** Has a hand in everything that can be taken out again. */
const guest: Plugin = {
  name: 'guest',
  contract: pluginContract,
  bind(bindings) {
    bindings.value(PiecePicker, lastFirst)
    bindings.value(Choker, everyone)
    bindings.value(PeerExtension, { name: 'bl_guest', onPrivate: true, open: () => ({}) })
  },
  apply(host) {
    host.hooks.pickPiece.tap((_peer, picks) => {
      picks.take(100, 'the hundredth first')
      return undefined
    })
    host.hooks.chokeDecision.tap((list) => list.toReversed())
  },
}

/** "piece/block" of everything that was asked, but for the last blocks, which several are asked for. */
function askedBlocks(records: readonly TraceRecord[]): string[] {
  return records.flatMap((record) =>
    record.event !== 'pick' || record.busy
      ? []
      : Array.from({ length: record.blocks }, (_, at) => `${record.piece}/${record.firstBlock + at}`),
  )
}

describe('a download from other processes', () => {
  it(
    'goes on with other strategies and limits, and without a plugin that it had, and loses neither a block nor a peer',
    inLab(async (lab) => {
      const made = await lab.make('album', files)
      const torrent = lab.path('album.torrent')
      await writeFile(torrent, made.bytes)
      const seeders: Program[] = [1, 2].map(() => startProgram({ torrent, directory: made.directory }))
      for (const seeder of seeders) lab.defer(() => seeder.kill())
      const ready = await Promise.all(seeders.map((seeder) => seeder.event('ready')))
      const peers = ready.map(({ at }) => at).filter((at) => at !== undefined)
      const session = await lab.session({ plugins: [guest] })
      const records: TraceRecord[] = []
      session.trace((record) => void records.push(record))
      const download = await session.add({
        torrent: made.torrent,
        directory: lab.path('downloads'),
        peers,
        picker: 'sequential',
        choker: 'tit-for-tat',
        limits: { downBytesPerSecond: 2_000_000 },
      })
      const have = (): number => download.view.content?.have.count ?? 0
      const { pieceCount } = made.torrent.layout
      await until('both peers are there', () => download.view.stats.peers === 2)
      await until('a part came', () => have() > pieceCount / 5)
      download.control.use({ picker: 'last-first', choker: 'everyone' })
      await until('more came', () => have() > (2 * pieceCount) / 5)
      download.control.limit({ downBytesPerSecond: 3_000_000, uploadSlots: 2 })
      await until('still more came', () => have() > (3 * pieceCount) / 5)
      await session.remove('guest')
      expect([download.view.picker, download.view.choker]).toEqual(['rarest-first', 'tit-for-tat'])
      await download.completed
      expect(await differences(made.path, lab.path('downloads', 'album'))).toEqual([])
      expect(records.filter(({ event }) => event === 'leave')).toEqual([])
      const asked = askedBlocks(records)
      expect(new Set(asked).size).toBe(asked.length)
      const reasons = new Set(records.filter((record) => record.event === 'pick').map(({ name }) => name))
      for (const name of ['sequential', 'guest', 'last-first', 'rarest-first']) expect(reasons).toContain(name)
    }),
  )
})

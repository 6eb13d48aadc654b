/** Bundled and run by `node --test`, by node-test.test.ts: a sound picker, and one that keeps no promise to poor peers. */
import { describe, it } from 'node:test'
import type { PiecePicker } from '@bitloom/core'
import { pickerConformance } from '../../src/index.js'

const isSound = process.env['PICKER'] === 'sound'
const picker: PiecePicker = {
  name: isSound ? 'sound' : 'first-only',
  create: (torrent) => ({
    pick(_peer, picks) {
      picks.takePartials()
      for (let piece = torrent.nextWanted(0); piece >= 0; piece = torrent.nextWanted(piece + 1)) {
        picks.take(piece, 'next')
        if (!isSound) return
      }
    },
  }),
}

pickerConformance({ describe, it }, { picker, honoursPriorities: false, histories: 3 })

import { pickerConformance } from '@bitloom/conformance'
import type { PiecePicker } from '@bitloom/core'
import { describe, it } from 'vitest'

const lastFirst: PiecePicker = {
  name: 'last-first',
  create: (torrent) => ({
    pick(_peer, picks) {
      picks.takePartials()
      for (let piece = torrent.pieceCount - 1; piece >= 0 && picks.left > 0; piece--) picks.take(piece, 'last')
    },
  }),
}

pickerConformance({ describe, it }, { picker: lastFirst, honoursPriorities: false })

import type { PiecePicker } from '@bitloom/core'

/**
 * Pieces in order, for a player; one turn in `randomEvery` begins at a random piece, so that there is something to give
 * that others do not have yet.
 */
export function createPicker(randomEvery: number): PiecePicker {
  return {
    name: 'my-picker',
    create: (torrent, random) => ({
      pick(_peer, picks) {
        picks.takePartials()
        const starts = random.below(randomEvery) === 0 ? [random.below(torrent.pieceCount), 0] : [0]
        for (const start of starts)
          for (
            let piece = torrent.nextWanted(start);
            piece >= 0 && picks.left > 0;
            piece = torrent.nextWanted(piece + 1)
          )
            picks.take(piece, 'in order')
      },
    }),
  }
}

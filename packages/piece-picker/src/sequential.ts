import type { PiecePicker, PickView } from '@bitloom/core'

/**
 * Begun pieces first, then in order of the byte stream; higher priorities before lower ones.
 * Source: libtorrent, `sequential_download`.
 */
export function sequential(): PiecePicker {
  return {
    name: 'sequential',
    source: 'libtorrent, sequential_download',
    create(torrent) {
      let priorities: readonly number[] | undefined
      return {
        changed(piece) {
          const priority = torrent.priority(piece)
          if (priority > 0 && priorities?.includes(priority) === false) priorities = undefined
        },
        reset() {
          priorities = undefined
        },
        pick(_peer, picks) {
          picks.takePartials()
          priorities ??= prioritiesOf(torrent)
          for (const priority of priorities) {
            for (
              let piece = torrent.nextWanted(0);
              piece >= 0 && picks.left > 0;
              piece = torrent.nextWanted(piece + 1)
            ) {
              if (torrent.priority(piece) === priority) picks.take(piece, 'next')
            }
          }
        },
      }
    },
  }
}

/** The priorities that wanted pieces have, highest first. */
function prioritiesOf(torrent: PickView): readonly number[] {
  const found = new Set<number>()
  for (let piece = torrent.nextWanted(0); piece >= 0; piece = torrent.nextWanted(piece + 1)) {
    found.add(torrent.priority(piece))
  }
  return [...found].sort((a, b) => b - a)
}

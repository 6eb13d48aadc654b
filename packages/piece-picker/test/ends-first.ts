import { PiecePicker, definePlugin, pluginContract } from '@bitloom/core'

/** Both ends first, which is what a media player opens with; then in order. */
const endsFirst: PiecePicker = {
  name: 'ends-first',
  create: (torrent) => ({
    pick(_peer, picks) {
      picks.takePartials()
      for (const piece of [0, torrent.pieceCount - 1]) picks.take(piece, 'end')
      for (let piece = torrent.nextWanted(0); piece >= 0 && picks.left > 0; piece = torrent.nextWanted(piece + 1))
        picks.take(piece, 'next')
    },
  }),
}
const card = { name: 'ends-first', contract: pluginContract, summary: 'Both ends of a torrent first' }
export default definePlugin(card, () => ({ bind: (bindings) => bindings.value(PiecePicker, endsFirst) }))

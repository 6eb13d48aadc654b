import { PiecePicker, definePlugin, pluginContract } from '@bitloom/core'

/** For playing while downloading: in order, and one time in four from a random place, to have something to give. */
const playback: PiecePicker = {
  name: 'playback',
  create: (torrent, random) => ({
    pick(_peer, picks) {
      picks.takePartials()
      const starts = random.below(4) > 0 ? [0] : [random.below(torrent.pieceCount), 0]
      for (const start of starts)
        for (let at = torrent.nextWanted(start); at >= 0 && picks.left > 0; at = torrent.nextWanted(at + 1))
          picks.take(at, 'playback')
    },
  }),
}
const card = { name: 'playback', contract: pluginContract, summary: 'Pieces in order, for a player' }
export default definePlugin(card, () => ({ bind: (bindings) => bindings.value(PiecePicker, playback) }))

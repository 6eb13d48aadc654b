/**
 * Chokers for Bitloom: whom to give upload slots. `rate-based`, `round-robin`, `anti-leech`, `bit-tyrant` and
 * `prop-share`, each after its source. A torrent chooses by name; whoever names none keeps what was the default.
 *
 * @example
 * ```ts
 * import { createSession } from '@bitloom/core'
 * import chokers from '@bitloom/chokers'
 *
 * const session = await createSession({ plugins: [nodePorts(), chokers(), storageFs(), piecePicker()] })
 * await session.add({ torrent, directory, choker: 'prop-share' })
 * ```
 */
import { Choker, definePlugin, pluginContract } from '@bitloom/core'
import { antiLeech } from './anti-leech.js'
import { bitTyrant } from './bit-tyrant.js'
import { type ChokerName, type ChokersOptions, chokerNames, optionsSchema } from './options.js'
import { propShare } from './prop-share.js'
import { rateBased } from './rate-based.js'
import { roundRobin, usualTurnPieces } from './round-robin.js'

export type { ChokerName, ChokersOptions } from './options.js'

/** The plugin: binds five `Choker`s for those who name them; with `default` one of them is the default. */
export const chokers = definePlugin<ChokersOptions>(
  {
    name: 'chokers',
    contract: pluginContract,
    options: optionsSchema,
    summary: 'Chokers: rate-based, round-robin, anti-leech, bit-tyrant, prop-share',
  },
  (options) => ({
    bind(bindings) {
      const made: Record<ChokerName, Choker> = {
        'rate-based': rateBased(),
        'round-robin': roundRobin(options.turnPieces ?? usualTurnPieces),
        'anti-leech': antiLeech(),
        'bit-tyrant': bitTyrant(options.uploadBytesPerSecond),
        'prop-share': propShare(options.uploadBytesPerSecond),
      }
      for (const name of chokerNames) bindings.value(Choker, { ...made[name], onlyByName: name !== options.default })
    },
  }),
)
export default chokers

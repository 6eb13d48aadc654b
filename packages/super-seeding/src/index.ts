/**
 * Super-seeding (BEP 16): the first seed of a torrent shows each peer one rare piece at a time, and the next one when the
 * first has turned up at another peer. So it uploads little more than one copy, and its peers spread the rest.
 *
 * ```ts
 * const session = await createSession({ plugins: [nodePorts(), storageFs(), piecePicker(), superSeeding()] })
 * ```
 */
import { Clock, definePlugin, pluginContract, Random } from '@bitloom/core'
import { optionsSchema, type SuperSeedingOptions, type SuperSeedingSettings } from './options.js'
import { seedSlowly } from './super-seeding.js'

export type { SuperSeedingOptions } from './options.js'

/** The plugin: taps `showHaves` and `peerHas`, and reveals. It binds nothing. */
export const superSeeding = definePlugin<SuperSeedingSettings, SuperSeedingOptions>(
  {
    name: 'super-seeding',
    contract: pluginContract,
    options: optionsSchema,
    summary: 'Shows pieces one at a time while this is the only seed (BEP 16)',
  },
  (options) => ({ requires: [Clock, Random], apply: (host) => seedSlowly(host, options) }),
)

export default superSeeding

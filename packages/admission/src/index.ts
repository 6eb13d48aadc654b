/**
 * Keeps peers out: by lists of addresses, by client, and for taking without giving.
 *
 * ```ts
 * const session = await createSession({ plugins: [nodePorts(), storageFs(), piecePicker(), admission({ lists: 'level1.gz' })] })
 * ```
 */
import { Clock, definePlugin, pluginContract } from '@bitloom/core'
import { Admission, Doorkeeper } from './admission.js'
import { type AdmissionOptions, type AdmissionSettings, optionsSchema } from './options.js'

export { Admission } from './admission.js'
export type { ListReport } from './list-file.js'
export type { AdmissionOptions } from './options.js'

/** The plugin: taps `acceptPeer`, and binds `Admission`, by which other plugins reload the lists and look addresses up. */
export const admission = definePlugin<AdmissionSettings, AdmissionOptions>(
  {
    name: 'admission',
    contract: pluginContract,
    options: optionsSchema,
    summary: 'Keeps peers out by lists of addresses, by client, and for taking without giving',
  },
  (settings) => {
    const doorkeeper = new Doorkeeper(settings)
    return {
      requires: [Clock],
      bind: (bindings) => bindings.value(Admission, doorkeeper),
      apply: (host) => doorkeeper.start(host),
    }
  },
)

export default admission

/**
 * An extension of the peer protocol: peers that speak it greet each other.
 *
 * ```ts
 * const session = await createSession({ plugins: [nodePorts(), storageFs(), piecePicker(), myExtension({ text: 'hi' })] })
 * ```
 */
import { Logger, PeerExtension, definePlugin, formatEndpoint, pluginContract } from '@bitloom/core'
import { z } from 'zod'
import { createGreeting } from './my-extension.js'

const options = z.strictObject({ text: z.string().max(100).default('hello').describe('What peers are told') })

const card = { name: 'my-extension', contract: pluginContract, options, summary: 'Peers greet each other' }

/** The plugin: binds a `PeerExtension` named "my-extension". Greetings are logged. */
export const myExtension = definePlugin(card, ({ text }) => ({
  bind: (bindings) =>
    bindings.factory(PeerExtension, [Logger], (logger) =>
      createGreeting(text, (peer, said) => logger.info('greeted', { peer: formatEndpoint(peer.endpoint), said })),
    ),
}))

export default myExtension

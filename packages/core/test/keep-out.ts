import { definePlugin, pluginContract } from '@bitloom/core'

const card = { name: 'keep-out', contract: pluginContract, summary: 'Refuses the peers of one network' }

/** Refuses the peers of 10.9.0.0/16: neither dials them nor lets them in. */
export default definePlugin(card, () => ({
  apply(host) {
    host.hooks.acceptPeer.tap(({ endpoint }) =>
      endpoint.kind === 'ip' && endpoint.host.startsWith('10.9.') ? { refuse: 'not this network' } : undefined,
    )
  },
}))

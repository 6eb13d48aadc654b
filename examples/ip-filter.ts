import { definePlugin, pluginContract } from '@bitloom/core'
import { z } from 'zod'

const options = z.strictObject({
  networks: z.array(z.string()).default([]).describe('Beginnings of addresses: "10.9." or "2001:db8:"'),
  banMs: z.number().int().positive().default(3_600_000).describe('How long a refused address is forgotten'),
})

const card = { name: 'ip-filter', contract: pluginContract, options, summary: 'Refuses the peers of some networks' }

export default definePlugin(card, ({ networks, banMs }) => ({
  apply(host) {
    host.hooks.acceptPeer.tap(({ endpoint }) => {
      if (endpoint.kind !== 'ip' || !networks.some((network) => endpoint.host.startsWith(network))) return undefined
      return { refuse: 'its network is not wanted', banMs }
    })
  },
}))

import type { PluginHost } from '@bitloom/core'

export interface Rules {
  /** Beginnings of client names. */
  readonly clients: readonly string[]
  /** How long the host of a refused client is forgotten. */
  readonly banMs: number
}

/** Refuses peers by the name of their client, and counts what was wasted on wrong data. */
export function keepOut(host: PluginHost, { clients, banMs }: Rules): void {
  // Called at five stages; the name of the client is known at the last one.
  host.hooks.acceptPeer.tap(({ client }) => {
    if (!clients.some((name) => client?.startsWith(name))) return undefined
    return { refuse: 'its client is not wanted', banMs }
  })

  let rejected = 0
  host.hooks.pieceRejected.tap(() => void rejected++)
  host.hooks.completed.tap((torrent) => host.log.info('complete', { torrent: torrent.name, rejected }))
}

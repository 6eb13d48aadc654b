import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { BitloomError } from '../bytes/errors.js'
import type { Resolver } from '../ports/resolver.js'

/**
 * The system's resolver, so that the hosts file and local names work. Rejects with BitloomError NOT_FOUND naming the
 * host, or with the signal's reason.
 */
export function systemResolver(): Resolver {
  return {
    resolve: async (host, signal) => {
      signal.throwIfAborted()
      if (isIP(host) !== 0) return [host]
      const found = await abortable(lookup(host, { all: true, verbatim: true }), signal).catch((cause: unknown) => {
        if (signal.aborted) throw signal.reason
        throw new BitloomError('NOT_FOUND', `the host ${host} was not found`, { cause })
      })
      if (found.length === 0) throw new BitloomError('NOT_FOUND', `the host ${host} has no address`)
      return found.map((entry) => entry.address)
    },
  }
}

/** The system's look-up cannot be stopped; nobody waits for it any longer. */
function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}

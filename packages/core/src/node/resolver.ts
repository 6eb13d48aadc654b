import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { BitloomError } from '../bytes/errors.js'
import type { Resolver } from '../ports/resolver.js'

/** The system's resolver, so that the hosts file and local names work. */
export function systemResolver(): Resolver {
  return {
    resolve: async (host, signal) => {
      if (isIP(host) !== 0) return [host]
      const answer = lookup(host, { all: true, verbatim: true })
      const found = await Promise.race([answer, aborted(signal)]).catch((error: unknown) => {
        throw new BitloomError('NOT_FOUND', `the host ${host} was not found`, { cause: error })
      })
      return found.map((entry) => entry.address)
    },
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

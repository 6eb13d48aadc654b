import { clientName, type Endpoint, latin1, type Refusal } from '@bitloom/core'
import type { BlockLists } from './lists.js'
import { matchesWildcard } from './wildcard.js'

/** What is known of somebody who is, or may become, a peer. */
export interface Known {
  readonly endpoint: Endpoint
  readonly peerId?: Uint8Array
  readonly client?: string | undefined
}

/** Whom to keep out, and why. An address on a list needs no ban: it is refused again whenever it is met. */
export function judge(
  { endpoint, peerId, client }: Known,
  lists: BlockLists,
  rules: { readonly clients: readonly string[]; readonly banMs: number },
): Refusal | undefined {
  if (endpoint.kind === 'ip' && lists.isBlocked(endpoint.host)) return { refuse: 'its address is on a list' }
  if (rules.clients.length === 0) return undefined
  const names = [client, ...(peerId === undefined ? [] : [clientName(peerId), latin1(peerId)])]
  const unwanted = names.find((name) => name !== undefined && rules.clients.some((each) => matchesWildcard(each, name)))
  return unwanted === undefined ? undefined : { refuse: 'its client is not wanted', banMs: rules.banMs }
}

import type { Clock, Logger, Wire } from '@bitloom/core'

const nothing = (): void => {}

/** A wire of which only some calls do anything. */
export function quietWire(calls: Partial<Wire>): Wire {
  const quiet: Wire = {
    choke: nothing,
    interested: nothing,
    have: nothing,
    bitfield: nothing,
    haveAll: nothing,
    haveNone: nothing,
    request: nothing,
    cancel: nothing,
    reject: nothing,
    suggest: nothing,
    allowFast: nothing,
    extended: nothing,
    other: nothing,
    blockStart: () => undefined,
    blockEnd: nothing,
  }
  return { ...quiet, ...calls }
}

/** A clock that stands still. */
export const quietClock: Clock = { nowMs: () => 0, wallMs: () => 0, after: () => nothing }

export const quietLog: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing }

export function fault(error: unknown): never {
  throw error instanceof Error ? error : new Error(String(error))
}

/** What a remote without extensions says of itself. */
export const hello = { peerId: new Uint8Array(20), supportsFast: true, supportsExtensions: false, outgoing: true }

/** An address for each number below 65,536. */
export function endpointOf(index: number) {
  return { kind: 'ip', host: `10.${index >> 8}.${index & 255}.1`, port: 6881 } as const
}

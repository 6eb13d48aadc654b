/**
 * Connection ids by tracker address (BEP 15, "connect"). Invariant: at most one connect request per address is under
 * way, and it is sent again only while somebody waits for it.
 */
import { type Clock, type IpEndpoint, formatEndpoint } from '@bitloom/core'
import type { Channel } from './channel.js'
import { connectPacket, readConnect } from './protocol.js'
import { throwRefusal } from './refusal.js'
import { patienceMs, untilAborted, within } from './waiting.js'

/** A client may use a connection id for one minute after it came (BEP 15). */
export const connectionLifeMs = 60_000

export interface TrackerConnection {
  /** 8 bytes. */
  readonly id: Uint8Array
  /** It was there before it was asked for: the tracker may have forgotten it meanwhile. */
  readonly isReused: boolean
}

export interface Connections {
  /** A connection id that is valid now. Rejects when the signal aborts or the channel fails. */
  get(to: IpEndpoint, signal: AbortSignal): Promise<TrackerConnection>
  /** Forgets an id that seems not to work, unless it was replaced already. */
  forget(to: IpEndpoint, connection: TrackerConnection): void
}

interface Attempt {
  readonly id: Promise<Uint8Array>
  readonly controller: AbortController
  waiting: number
}

/** Keeps the ids of one channel. */
export function connections(channel: Channel, clock: Clock): Connections {
  const known = new Map<string, { readonly id: Uint8Array; readonly untilMs: number }>()
  const attempts = new Map<string, Attempt>()

  const attempt = (to: IpEndpoint, key: string): Attempt => {
    const controller = new AbortController()
    const finish = (): void => {
      if (attempts.get(key)?.controller === controller) attempts.delete(key)
    }
    const id = connect(channel, clock, to, controller.signal)
    id.then((bytes) => {
      const nowMs = clock.nowMs()
      for (const [other, { untilMs }] of known) if (untilMs <= nowMs) known.delete(other)
      known.set(key, { id: bytes, untilMs: nowMs + connectionLifeMs })
      finish()
    }, finish)
    const made = { id, controller, waiting: 0 }
    attempts.set(key, made)
    return made
  }

  return {
    async get(to, signal) {
      const key = formatEndpoint(to)
      const held = known.get(key)
      if (held !== undefined && clock.nowMs() < held.untilMs) return { id: held.id, isReused: true }
      const current = attempts.get(key) ?? attempt(to, key)
      current.waiting++
      try {
        return { id: await untilAborted(current.id, signal), isReused: false }
      } finally {
        current.waiting--
        if (current.waiting === 0) {
          if (attempts.get(key) === current) attempts.delete(key)
          current.controller.abort()
        }
      }
    },
    forget(to, connection) {
      const key = formatEndpoint(to)
      if (known.get(key)?.id === connection.id) known.delete(key)
    },
  }
}

async function connect(channel: Channel, clock: Clock, to: IpEndpoint, signal: AbortSignal): Promise<Uint8Array> {
  const transaction = await channel.begin(
    to,
    (bytes) => readConnect(bytes) ?? throwRefusal(bytes, `udp://${formatEndpoint(to)}`),
  )
  try {
    for (let sent = 0; ; sent++) {
      signal.throwIfAborted()
      transaction.send(connectPacket(transaction.id))
      const id = await within(transaction.reply, patienceMs(sent), clock, signal)
      if (id !== undefined) return id
    }
  } finally {
    transaction.end()
  }
}

import { type Clock, type IpEndpoint, TrackerError } from '@bitloom/core'
import type { Channel } from './channel.js'
import { type TrackerConnection, connections } from './connections.js'
import { throwRefusal } from './refusal.js'
import { patienceMs, within } from './waiting.js'

/** One request to one address of a tracker. */
export interface Question<T> {
  /** The tracker's URL, for errors. */
  readonly url: string
  readonly to: IpEndpoint
  readonly signal: AbortSignal
  build(connectionId: Uint8Array, transactionId: number): Uint8Array
  /** Gets packets that carry the transaction id, from `to` only; `undefined` = this is not the reply. */
  read(bytes: Uint8Array): T | undefined
}

/**
 * Asks until a reply comes or the signal aborts: sends again after 15 · 2^n s, with a new connection id where the old one
 * has expired (BEP 15, "time outs").
 * @throws TrackerError TRACKER_FAILURE if the tracker refuses, TRACKER_UNREACHABLE if packets cannot be sent
 */
export type Ask = <T>(question: Question<T>) => Promise<T>

/**
 * A tracker that was restarted does not know the connection ids it gave out. So an id from an earlier request is dropped
 * when a reply is late; and if a request is refused under one, it is made once more under a new one.
 */
export function conversation(channel: Channel, clock: Clock): Ask {
  const ids = connections(channel, clock)

  const ask = async <T>(question: Question<T>, mayRetry: boolean): Promise<T> => {
    const { to, url, signal } = question
    const fresh = new Set<Uint8Array>()
    const transaction = await channel.begin(to, (bytes) => question.read(bytes) ?? throwRefusal(bytes, url))
    let connection: TrackerConnection | undefined
    const dropIfOld = (): boolean => {
      if (connection === undefined || fresh.has(connection.id)) return false
      ids.forget(to, connection)
      return true
    }
    try {
      for (let sent = 0; ; sent++) {
        connection = await ids.get(to, signal)
        if (!connection.isReused) fresh.add(connection.id)
        transaction.send(question.build(connection.id, transaction.id))
        const reply = await within(transaction.reply, patienceMs(sent), clock, signal)
        if (reply !== undefined) return reply
        dropIfOld()
      }
    } catch (error) {
      if (!(mayRetry && error instanceof TrackerError && error.code === 'TRACKER_FAILURE' && dropIfOld())) throw error
      return await ask(question, false)
    } finally {
      transaction.end()
    }
  }

  return (question) => ask(question, true)
}

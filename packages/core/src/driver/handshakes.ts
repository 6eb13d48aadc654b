import { isBitloomError, ProtocolError } from '../bytes/errors.js'
import { equalBytes } from '../bytes/text.js'
import type { Clock } from '../ports/clock.js'
import type { Connection } from '../ports/transport.js'
import { encodeHandshake, type Handshake, HandshakeReader } from '../wire/handshake.js'
import type { Turns } from './turns.js'

/** LIMITS, "slow handshake". */
const handshakeMs = 10_000
const mostWaiting = 100

/** A finished handshake; reading is paused and `rest` holds what came behind it. */
export interface Shaken {
  readonly connection: Connection
  readonly theirs: Handshake
  readonly rest: Uint8Array
  /** Our handshake, of which the other side still waits: sent when it may join. Absent where we spoke first. */
  readonly answer?: Uint8Array
}

export interface HandshakeParts {
  readonly turns: Turns
  readonly clock: Clock
  /** Our 68 bytes for a torrent. */
  ours(infoHash: Uint8Array): Omit<Handshake, 'rest'>
  /** May this torrent's info-hash be answered? */
  knows(infoHash: Uint8Array): boolean
}

/** Runs handshakes of connections in both directions (BEP 3, "handshake"), with a deadline and a bound on those who wait. */
export class Handshakes {
  readonly #parts: HandshakeParts
  /** Incoming connections that have not said who they are, oldest first. */
  readonly #waiting = new Set<() => void>()
  /** How to end every handshake that is under way, in both directions. */
  readonly #running = new Set<() => void>()
  #closed = false

  constructor(parts: HandshakeParts) {
    this.#parts = parts
  }

  /** We dialled: we speak first, and the answer must be about the same torrent. */
  dialled(connection: Connection, infoHash: Uint8Array, done: (result: Shaken | Error) => void): void {
    connection.write(encodeHandshake(this.#parts.ours(infoHash)), () => {})
    this.#run(connection, done, (theirs) => {
      if (!equalBytes(theirs.infoHash, infoHash))
        throw new ProtocolError('answered for another torrent', 'HANDSHAKE_FAILED')
      return undefined
    })
  }

  /**
   * Someone connected: they speak first, and are answered by whoever lets them join: who gets no place is spared a peer
   * that leaves at once.
   */
  accepted(connection: Connection, done: (result: Shaken | Error) => void): void {
    if (this.#waiting.size >= mostWaiting) {
      const [oldest] = this.#waiting
      oldest?.()
    }
    const stop = this.#run(
      connection,
      (result) => {
        this.#waiting.delete(stop)
        done(result)
      },
      (theirs) => {
        if (!this.#parts.knows(theirs.infoHash))
          throw new ProtocolError('asked for a torrent that is not here', 'HANDSHAKE_FAILED')
        return encodeHandshake(this.#parts.ours(theirs.infoHash))
      },
    )
    this.#waiting.add(stop)
  }

  /** Answers how to give up. `check` throws, or tells what is to be answered. */
  #run(
    connection: Connection,
    done: (result: Shaken | Error) => void,
    check: (theirs: Handshake) => Uint8Array | undefined,
  ): () => void {
    const { turns, clock } = this.#parts
    const reader = new HandshakeReader()
    let over = false
    const finish = (result: Shaken | Error): void => {
      if (over) return
      over = true
      cancel()
      this.#running.delete(end)
      if (result instanceof Error) connection.close()
      done(result)
    }
    const fail = (reason: string): void => finish(new ProtocolError(reason, 'HANDSHAKE_FAILED'))
    const end = (): void => fail('the session is closed')
    this.#running.add(end)
    const cancel = clock.after(handshakeMs, () => turns.run(() => fail('no handshake within 10 s')))
    connection.onClose((error) =>
      turns.run(() => fail(`closed before the handshake${error === undefined ? '' : `: ${error.message}`}`)),
    )
    connection.onBytes((bytes, length) =>
      turns.runBytes(bytes, length, (own, ownLength) => {
        if (over) return
        try {
          const theirs = reader.push(own.subarray(0, ownLength))
          if (theirs === undefined) return
          const answer = check(theirs)
          connection.pause()
          finish({ connection, theirs, rest: theirs.rest.slice(), ...(answer === undefined ? {} : { answer }) })
        } catch (error) {
          finish(
            isBitloomError(error) ? error : new ProtocolError('a handshake that cannot be read', 'HANDSHAKE_FAILED'),
          )
        }
      }),
    )
    if (this.#closed) turns.run(end)
    return () => fail('too many connections wait for their handshake')
  }

  /** Ends every handshake that is under way. */
  close(): void {
    this.#closed = true
    for (const end of [...this.#running]) end()
  }
}

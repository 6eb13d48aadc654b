import type { Greeting, Seat } from './hostile-seat.js'

/** What a hostile peer does, and what becomes of it. */
export interface HostilePeer {
  readonly name: string
  readonly does: (seat: Seat) => void
  /** `closed`: the session ends the connection. `stays`: what it sends changes nothing, and it may stay. */
  readonly ends: 'closed' | 'stays'
  /** Connections that do the same; of them all or, with `closes`, only so many are ended. Default 1. */
  readonly count?: number
  readonly closes?: number
}

export const block = 16_384
export const noise = (length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => (at * 73 + 41) & 0xff)
export const greeted =
  (act: (seat: Seat) => void, greeting: Greeting = {}) =>
  (seat: Seat): void => {
    seat.greet(greeting)
    act(seat)
  }
export const closed = (name: string, does: HostilePeer['does']): HostilePeer => ({ name, does, ends: 'closed' })
export const stays = (name: string, does: HostilePeer['does']): HostilePeer => ({ name, does, ends: 'stays' })
export const times = (count: number, act: (at: number) => void): void => {
  for (let at = 0; at < count; at++) act(at)
}
/** Once it may ask. */
export const unchoked = (act: (seat: Seat) => void): ((seat: Seat) => void) =>
  greeted((seat) => {
    seat.onUnchoke = () => act(seat)
    seat.say((wire) => wire.interested(true))
  })
/** It says that it has all, and answers requests so. */
export const offering = (answer: (seat: Seat, piece: number, begin: number, length: number) => void) =>
  greeted((seat) => {
    seat.onRequest = (piece, begin, length) => answer(seat, piece, begin, length)
    seat.say((wire) => (wire.haveAll(), wire.choke(false)))
  })

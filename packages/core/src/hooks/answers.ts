import type { Bits, ReadonlyBits } from '../bytes/bits.js'
import type { Unchoke } from '../ports/choker.js'
import type { AnnounceRequest } from '../ports/tracker-client.js'
import type { Refusal } from './hooks.js'

/**
 * The check of one tap's own answer, done before the next tap sees it: else a wrong type would throw there, and the
 * wrong plugin would be blamed. All throw TypeError saying what was expected; `undefined` is always an answer.
 */

/** A promise where an answer is due at once. Its rejection is taken up, so that it harms nobody later. */
export function refusePromise(answer: unknown): void {
  if (!isThenable(answer)) return
  void answer.then(undefined, () => undefined)
  throw new TypeError('it answered with a promise, and must answer at once')
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return isObject(value) && 'then' in value && typeof value.then === 'function'
}

export function pickAnswer(answer: unknown): true | undefined {
  if (answer === undefined || answer === true) return answer
  throw unexpected(answer, 'true or undefined')
}

export function blockAnswer(answer: unknown): false | undefined {
  if (answer === undefined || answer === false) return answer
  throw unexpected(answer, 'false or undefined')
}

export function refusalAnswer(answer: unknown): Refusal | undefined {
  if (answer === undefined || isRefusal(answer)) return answer
  throw unexpected(answer, '{ refuse: string, banMs?: number } or undefined')
}

function isRefusal(answer: unknown): answer is Refusal {
  if (!isObject(answer) || !('refuse' in answer) || typeof answer.refuse !== 'string') return false
  return !('banMs' in answer) || answer.banMs === undefined || isAmount(answer.banMs)
}

export function unchokeAnswer(answer: unknown): readonly Unchoke[] | undefined {
  if (answer === undefined) return undefined
  if (Array.isArray(answer) && answer.every(isUnchoke)) return answer
  throw unexpected(answer, 'a list of { peer, reason, uploadBytesPerSecond? } or undefined')
}

function isUnchoke(entry: unknown): entry is Unchoke {
  if (!isObject(entry) || !('peer' in entry) || !('reason' in entry)) return false
  const rate = 'uploadBytesPerSecond' in entry ? entry.uploadBytesPerSecond : undefined
  return isObject(entry.peer) && typeof entry.reason === 'string' && (rate === undefined || isAmount(rate))
}

/** `shown` is what the tap was given. Another copy of core has another class `Bits`, so the shape decides. */
export function shownAnswer(answer: unknown, shown: ReadonlyBits): Bits | undefined {
  if (answer === undefined || (isBits(answer) && answer.length === shown.length)) return answer
  throw unexpected(answer, `Bits of length ${shown.length} or undefined`)
}

function isBits(answer: unknown): answer is Bits {
  return (
    isObject(answer) && ['has', 'nextSet', 'add', 'toBytes'].every((key) => typeof fieldOf(answer, key) === 'function')
  )
}

export function requestAnswer(answer: unknown): AnnounceRequest | undefined {
  if (answer === undefined) return undefined
  const wrong = isObject(answer) ? wrongField(answer) : 'url'
  if (wrong === undefined) return answer as AnnounceRequest
  throw unexpected(answer, `an announce request (its ${wrong} is missing or wrong) or undefined`)
}

const announceEvents: readonly unknown[] = [undefined, 'started', 'completed', 'stopped']

const requestFields: Readonly<Record<keyof AnnounceRequest, (value: unknown) => boolean>> = {
  url: (value) => typeof value === 'string',
  event: (value) => announceEvents.includes(value),
  port: (value) => isAmount(value) && Number.isInteger(value) && value <= 65_535,
  numWant: (value) => Number.isInteger(value),
  uploaded: isAmount,
  downloaded: isAmount,
  left: isAmount,
  params: isTexts,
  headers: isTexts,
  skip: (value) => value === undefined || typeof value === 'string',
}

function wrongField(request: object): string | undefined {
  return Object.entries(requestFields).find(([key, isGood]) => !isGood(fieldOf(request, key)))?.[0]
}

function isTexts(value: unknown): boolean {
  return isObject(value) && Object.values(value).every((text) => typeof text === 'string')
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && !Number.isNaN(value)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function fieldOf(value: object, key: string): unknown {
  return Reflect.get(value, key)
}

function unexpected(answer: unknown, expected: string): TypeError {
  const got = answer === null ? 'null' : Array.isArray(answer) ? 'a list' : typeof answer
  return new TypeError(`it answered ${got} where ${expected} was expected`)
}

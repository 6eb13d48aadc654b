import { equalBytes } from '../bytes/text.js'

/** Are two plain values the same with all that is in them, bytes included? What is `undefined` is as if it was not there. */
export function isSameValue(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false
  if (one instanceof Uint8Array && other instanceof Uint8Array) return equalBytes(one, other)
  const [these, those] = [new Map(Object.entries(one)), new Map(Object.entries(other))]
  const names = new Set([...these.keys(), ...those.keys()])
  return [...names].every((name) => isSameValue(these.get(name), those.get(name)))
}

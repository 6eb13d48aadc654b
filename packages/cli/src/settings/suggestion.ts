import { closestMatch } from 'leven'

/** The name that was meant, where one is near: a letter or two away, as the name is long. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  return closestMatch(name, names, { maxDistance: name.length < 6 ? 1 : 2 })
}

import type { ServiceIdentifier } from 'inversify'

/** Names a port for binding and look-up. Two copies of core make equal tokens for equal names. */
export type Token<T> = ServiceIdentifier<T>

/** The only way to make a token: an annotated bare symbol would narrow to `unknown`. */
export function token<T>(name: string): Token<T> {
  return Symbol.for(`bitloom.${name}`)
}

/** The name of a token as errors and `describe()` print it. */
export function tokenName(id: Token<unknown>): string {
  if (typeof id === 'symbol') return (id.description ?? 'unnamed').replace(/^bitloom\./, '')
  return typeof id === 'string' ? id : id.name
}

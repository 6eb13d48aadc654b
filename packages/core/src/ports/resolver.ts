import { token } from './token.js'

/** Host names to addresses. */
export interface Resolver {
  /** Numeric addresses, the system's preferred first; a numeric host is answered as it is. Rejects when there is none. */
  resolve(host: string, signal: AbortSignal): Promise<readonly string[]>
}
export const Resolver = token<Resolver>('Resolver')

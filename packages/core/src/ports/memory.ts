import { token } from './token.js'

/** Buffers for extents and output slabs. A pool decides what is kept; a simulator may give everyone the same page. */
export interface Memory {
  /** A buffer of exactly `lengthBytes`, its own ArrayBuffer at offset 0, contents undefined. The caller owns it. */
  take(lengthBytes: number): Uint8Array
  /** Gives a buffer of `take` back (or the same memory as another object). The caller must not touch it again. */
  give(bytes: Uint8Array): void
}
export const Memory = token<Memory>('Memory')

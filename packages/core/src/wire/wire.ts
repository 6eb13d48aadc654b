/**
 * The messages of the peer protocol as calls (BEP 3, BEP 6, BEP 10). One symmetric interface: a peer takes what the
 * remote says through it, the encoder sends through it, and a link in memory joins two peers without bytes.
 * No method throws for remote faults except with ProtocolError, which ends that connection only.
 */
export interface Wire {
  choke(on: boolean): void
  interested(on: boolean): void
  have(piece: number): void
  /** In: the view is dead after the call. */
  bitfield(bits: Uint8Array): void
  haveAll(): void
  haveNone(): void
  request(piece: number, begin: number, length: number): void
  cancel(piece: number, begin: number, length: number): void
  reject(piece: number, begin: number, length: number): void
  suggest(piece: number): void
  allowFast(piece: number): void
  /** BEP 10. In: the payload is dead after the call. */
  extended(id: number, payload: Uint8Array): void
  /** A message of another known or claimed id. In: the payload is dead after the call. */
  other(id: number, payload: Uint8Array): void
  /**
   * A block begins. In: answers where its payload goes (`length` bytes from `blockOffset` on), `undefined` = skip it.
   * Out: answers the gap in the output slab that the caller fills before `blockEnd`.
   */
  blockStart(piece: number, begin: number, length: number): Uint8Array | undefined
  /** In: where in the answer of the last `blockStart` the payload begins; 0 if left out. */
  readonly blockOffset?: number
  /** The payload of the last `blockStart` is complete. */
  blockEnd(piece: number, begin: number, length: number): void
}

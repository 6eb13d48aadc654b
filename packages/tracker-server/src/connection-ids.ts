import { createHmac, timingSafeEqual } from 'node:crypto'

/** Connection ids of BEP 15 without a table: whoever can show one has received a packet at its address lately. */
export interface ConnectionIds {
  /** 8 bytes, good for one minute at least and two at most. */
  issue(host: string, nowMs: number): Uint8Array
  isValid(id: Uint8Array, host: string, nowMs: number): boolean
}

const windowMs = 60_000

/** `secret`: at least 16 random bytes that nobody else knows. */
export function createConnectionIds(secret: Uint8Array): ConnectionIds {
  const idOf = (host: string, window: number): Uint8Array =>
    createHmac('sha256', secret).update(`${host} ${window}`).digest().subarray(0, 8)
  return {
    issue: (host, nowMs) => idOf(host, Math.floor(nowMs / windowMs)),
    isValid(id, host, nowMs) {
      const window = Math.floor(nowMs / windowMs)
      return timingSafeEqual(id, idOf(host, window)) || timingSafeEqual(id, idOf(host, window - 1))
    },
  }
}

import type { TokenBucket } from '../peer/token-bucket.js'
import type { Allowance } from '../torrent/effects.js'

/** A torrent's share of the rate limits: what both its own bucket and the session's allow. */
export function sharedAllowance(down: readonly TokenBucket[], up: readonly TokenBucket[]): Allowance {
  const least = (buckets: readonly TokenBucket[], nowMs: number): number =>
    buckets.reduce((available, bucket) => Math.min(available, bucket.available(nowMs)), Infinity)
  return {
    toAsk: (nowMs) => Math.max(0, least(down, nowMs)),
    asked: (lengthBytes, nowMs) => down.forEach((bucket) => bucket.take(lengthBytes, nowMs)),
    refund: (lengthBytes) => down.forEach((bucket) => bucket.refund(lengthBytes)),
    toSend: (nowMs) => Math.max(0, least(up, nowMs)),
    sent: (lengthBytes, nowMs) => up.forEach((bucket) => bucket.take(lengthBytes, nowMs)),
  }
}

import type { Peer } from '../peer/peer.js'
import type { Allowance, Effects } from './effects.js'

/** Blocks in one run: one read, one write. */
const runBlocks = 16
const runBytes = 262_144
/** Bytes being read or sent for one peer before it must take some; with the run in hand it stays below 1 MiB. */
const outputHighBytes = 524_288
const leastGrantBytes = 16_384

/** Starts as many uploads to one peer as its output and the limits allow. */
export function serveNext(peer: Peer, allowance: Allowance, effects: Effects, nowMs: number): void {
  while (peer.inbox.size > 0 && peer.outputBytes < outputHighBytes) {
    const grantBytes = Math.min(allowance.toSend(nowMs), peer.uploadAllowance(nowMs))
    if (grantBytes <= 0) return
    const run = peer.inbox.nextRun(runBlocks, Math.min(runBytes, Math.max(leastGrantBytes, grantBytes)))
    if (run === undefined) return
    allowance.sent(run.lengthBytes, nowMs)
    peer.uploadCharged(run.lengthBytes, nowMs)
    peer.outputBytes += run.lengthBytes
    effects.serve(peer, run)
  }
}

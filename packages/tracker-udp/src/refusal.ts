import { TrackerError, redactUrl, trackerText } from '@bitloom/core'
import { readError } from './protocol.js'

/**
 * Throws if the packet is an error reply (BEP 15, "error response"), else does nothing.
 * @throws TrackerError TRACKER_FAILURE with the tracker's reason
 */
export function throwRefusal(bytes: Uint8Array, url: string): undefined {
  const reason = readError(bytes)
  if (reason === undefined) return undefined
  const text = trackerText(reason, url) || 'it gave no reason'
  throw new TrackerError('TRACKER_FAILURE', `the tracker ${redactUrl(url)} refused: ${text}`)
}

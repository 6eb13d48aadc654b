import type { SessionLimits } from '../driver/api.js'

/** What a session keeps to unless told otherwise. */
export const defaultLimits: SessionLimits = {
  downBytesPerSecond: undefined,
  upBytesPerSecond: undefined,
  maxPeers: 200,
  maxPeersPerTorrent: 50,
  halfOpen: 50,
  dialsPerSecond: 30,
  knownAddressesPerTorrent: 2_000,
  uploadSlots: 20,
  unwrittenBytes: 67_108_864,
}

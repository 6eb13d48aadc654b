/** Ids of the base messages: 0-8 BEP 3, 9 BEP 5, 13-17 BEP 6, 20 BEP 10, 21-23 BEP 52. */
export const messageIds = {
  choke: 0,
  unchoke: 1,
  interested: 2,
  notInterested: 3,
  have: 4,
  bitfield: 5,
  request: 6,
  piece: 7,
  cancel: 8,
  port: 9,
  suggest: 13,
  haveAll: 14,
  haveNone: 15,
  reject: 16,
  allowedFast: 17,
  extended: 20,
  hashRequest: 21,
  hashes: 22,
  hashReject: 23,
} as const

/** The big-endian unsigned number in four bytes from `at`; missing bytes count as 0. */
export function readUint32(bytes: Uint8Array, at: number): number {
  const high = bytes[at] ?? 0
  const low = ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)
  return high * 0x1000000 + low
}

/** Writes four big-endian bytes at `at`. */
export function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

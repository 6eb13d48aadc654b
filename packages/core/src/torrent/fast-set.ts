/** Pieces a choked newcomer may ask for; whoever has so many is none any more (BEP 6, "allowed fast"). */
export const allowedFastCount = 10

/**
 * Pieces that a choked newcomer may ask for (BEP 6, "allowed fast set generation"): a function of the torrent and the
 * peer's network, so that reconnecting gains nothing.
 *
 * @param infoHash 20 bytes
 * @param ip 4 bytes: the scheme is defined for IPv4 only
 * @param count how many pieces; at most `pieceCount` are answered
 * @param sha1 20 bytes of digest
 */
export function allowedFastSet(
  infoHash: Uint8Array,
  ip: Uint8Array,
  pieceCount: number,
  count: number,
  sha1: (bytes: Uint8Array) => Uint8Array,
): readonly number[] {
  const pieces = new Set<number>()
  const wanted = Math.min(count, pieceCount)
  let digest: Uint8Array = Uint8Array.from([ip[0] ?? 0, ip[1] ?? 0, ip[2] ?? 0, 0, ...infoHash])
  while (pieces.size < wanted) {
    digest = sha1(digest)
    const view = new DataView(digest.buffer, digest.byteOffset, 20)
    for (let at = 0; at < 20 && pieces.size < wanted; at += 4) pieces.add(view.getUint32(at) % pieceCount)
  }
  return [...pieces]
}

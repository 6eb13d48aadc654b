import type { OpenFile } from '@bitloom/core/node'

/** What the system takes in one vectored call. */
const maxBuffers = 1_024

/** Writes all bytes at a position, also where the system takes only some at once. */
export async function writeFully(handle: OpenFile, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, at, bytes.length - at, position + at)
    at += bytesWritten
  }
}

/** Fills the buffers in order from a position; answers how many bytes there were before the file ended. */
export async function readFully(handle: OpenFile, into: readonly Uint8Array[], position: number): Promise<number> {
  let rest = into.filter((buffer) => buffer.length > 0)
  let read = 0
  while (rest.length > 0) {
    const { bytesRead } = await handle.readv(rest.slice(0, maxBuffers), position + read)
    if (bytesRead === 0) break
    read += bytesRead
    rest = sliceBuffers(rest, bytesRead)
  }
  return read
}

/** The part of a list of buffers from `begin` on, at most `lengthBytes` long, as views. */
export function sliceBuffers(
  buffers: readonly Uint8Array[],
  begin: number,
  lengthBytes = Number.POSITIVE_INFINITY,
): Uint8Array[] {
  const parts: Uint8Array[] = []
  let skip = begin
  let left = lengthBytes
  for (const buffer of buffers) {
    if (left <= 0) break
    if (skip >= buffer.length) skip -= buffer.length
    else {
      const part = buffer.subarray(skip, skip + Math.min(left, buffer.length - skip))
      parts.push(part)
      left -= part.length
      skip = 0
    }
  }
  return parts
}

export function totalLength(buffers: readonly Uint8Array[]): number {
  let length = 0
  for (const buffer of buffers) length += buffer.length
  return length
}

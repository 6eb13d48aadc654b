import type { Layout } from '@bitloom/core'
import type { PlaybackResult } from './swarm-spec.js'

const startSeconds = 2

/** What a viewer sees of a download. */
export interface PlaybackInput {
  readonly layout: Layout
  /** By piece; `NaN` = it never came, `-Infinity` = it was there. */
  readonly pieceTimesMs: ArrayLike<number>
  readonly joinedMs: number
  /** The end of the run, or when the peer left. */
  readonly endedMs: number
  readonly bytesPerSecond: number
  readonly startAfterBytes?: number
}

/**
 * Plays the byte stream from its begin while it arrives: starts, and starts again after a stall, when so many bytes ahead
 * are there (or the rest is); stalls when the next piece is not there in time.
 */
export function playbackOf(input: PlaybackInput): PlaybackResult {
  const { layout, bytesPerSecond, joinedMs, endedMs } = input
  const aheadBytes = input.startAfterBytes ?? bytesPerSecond * startSeconds
  let startupMs: number | undefined
  let stalls = 0
  let stalledMs = 0
  // When the piece at hand would be played without a further stall.
  let dueMs = -Infinity
  for (let piece = 0; piece < layout.pieceCount; piece++) {
    const isStart = startupMs === undefined
    if (isStart || timeOf(input, piece) > dueMs) {
      const readyMs = bufferedMs(input, piece, aheadBytes)
      const waitsMs = Math.min(readyMs, endedMs) - dueMs
      if (!isStart) {
        stalls++
        stalledMs += Math.max(0, waitsMs)
      }
      if (readyMs > endedMs) break
      startupMs ??= readyMs - joinedMs
      dueMs = readyMs
    }
    dueMs += (layout.pieceLength(piece) * 1_000) / bytesPerSecond
    if (dueMs > endedMs && piece < layout.pieceCount - 1 && timeOf(input, piece + 1) > endedMs) {
      // The run ended before the viewer got there.
      break
    }
  }
  return startupMs === undefined ? { stalls, stalledMs } : { startupMs, stalls, stalledMs }
}

/** When `aheadBytes` from this piece on, or all to the end, are there. */
function bufferedMs(input: PlaybackInput, from: number, aheadBytes: number): number {
  const { layout, joinedMs } = input
  let readyMs = joinedMs
  let bytes = 0
  for (let piece = from; piece < layout.pieceCount && bytes < Math.max(1, aheadBytes); piece++) {
    readyMs = Math.max(readyMs, timeOf(input, piece))
    bytes += layout.pieceLength(piece)
  }
  return readyMs
}

function timeOf({ pieceTimesMs }: PlaybackInput, piece: number): number {
  const atMs = pieceTimesMs[piece] ?? Infinity
  return Number.isNaN(atMs) ? Infinity : atMs
}

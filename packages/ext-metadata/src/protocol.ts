import { BencodeError, type Dict, decodePrefix, encode } from '@bitloom/core'

/** The pieces in which metadata is sent (BEP 9): 16 KiB, the last one may be shorter. */
export const pieceBytes = 16_384

/** The dictionary of a message is a few dozen bytes; nothing beyond this is read. */
const maxHeaderBytes = 1_024

/** A message of `ut_metadata` (BEP 9, "extension message"). */
export type MetadataMessage =
  | { readonly type: 'request'; readonly piece: number }
  /** `totalBytes`: the size of the whole, as the sender says. `bytes` is a view into the payload when read. */
  | {
      readonly type: 'data'
      readonly piece: number
      readonly totalBytes: number | undefined
      readonly bytes: Uint8Array
    }
  | { readonly type: 'reject'; readonly piece: number }

const typeNumbers = { request: 0, data: 1, reject: 2 } as const

/** The payload of a message, a fresh array. */
export function encodeMessage(message: MetadataMessage): Uint8Array {
  const header = new Map<string, number>([
    ['msg_type', typeNumbers[message.type]],
    ['piece', message.piece],
  ])
  if (message.type !== 'data') return encode(header)
  if (message.totalBytes !== undefined) header.set('total_size', message.totalBytes)
  const head = encode(header)
  const payload = new Uint8Array(head.length + message.bytes.length)
  payload.set(head)
  payload.set(message.bytes, head.length)
  return payload
}

/**
 * Reads a payload. `undefined` for one that is none: no dictionary, no piece, or a type this version does not know, which
 * BEP 9 wants ignored. Never throws.
 */
export function decodeMessage(payload: Uint8Array): MetadataMessage | undefined {
  const head = readHeader(payload)
  const piece = count(head?.dict, 'piece')
  if (head === undefined || piece === undefined) return undefined
  switch (head.dict.get('msg_type')) {
    case typeNumbers.request:
      return { type: 'request', piece }
    case typeNumbers.data: {
      const totalBytes = count(head.dict, 'total_size')
      return { type: 'data', piece, totalBytes, bytes: payload.subarray(head.lengthBytes) }
    }
    case typeNumbers.reject:
      return { type: 'reject', piece }
    default:
      return undefined
  }
}

function readHeader(payload: Uint8Array): { readonly dict: Dict; readonly lengthBytes: number } | undefined {
  try {
    const { value, lengthBytes } = decodePrefix(payload, { maxBytes: maxHeaderBytes, maxTokens: 100, maxDepth: 4 })
    return value instanceof Map ? { dict: value, lengthBytes } : undefined
  } catch (error) {
    if (error instanceof BencodeError) return undefined
    throw error
  }
}

function count(dict: Dict | undefined, key: string): number | undefined {
  const value = dict?.get(key)
  return typeof value === 'number' && value >= 0 ? value : undefined
}

/** How many pieces metadata of a size has. */
export function pieceCountOf(sizeBytes: number): number {
  return Math.ceil(sizeBytes / pieceBytes)
}

/** The length of one piece of it; 0 beyond the last. */
export function pieceLengthOf(sizeBytes: number, piece: number): number {
  return Math.max(0, Math.min(pieceBytes, sizeBytes - piece * pieceBytes))
}

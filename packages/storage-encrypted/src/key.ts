import { createHash, hkdfSync } from 'node:crypto'
import { open } from 'node:fs/promises'
import { BitloomError, type InfoHashes } from '@bitloom/core'
import type { StorageEncryptedOptions } from './options.js'

const keyBytes = 32
/** Longer than any spelling of a key: a wrong path must not be read whole. */
const longestFileBytes = 1_024

/** The key from where the options say. @throws BitloomError INVALID_ARGUMENT, which never says what the key is */
export async function loadKey({ key, keyFile, keyEnv, keyCheck }: StorageEncryptedOptions): Promise<Uint8Array> {
  const found = keyFile === undefined ? parseKey(key ?? process.env[keyEnv ?? ''] ?? '') : await readKeyFile(keyFile)
  const source = keyFile ?? keyEnv ?? 'the option key'
  if (found === undefined) throw refusal(`${source} has no key of 32 bytes, as 64 hex digits or in base64`)
  if (keyCheck !== undefined && keyCheck.toLowerCase() !== checkOf(found)) {
    throw refusal(`${source} has another key: its check is ${checkOf(found)}, not ${keyCheck}`)
  }
  return found
}

async function readKeyFile(path: string): Promise<Uint8Array | undefined> {
  try {
    const file = await open(path)
    try {
      const { bytesRead, buffer } = await file.read(new Uint8Array(longestFileBytes), 0, longestFileBytes, 0)
      const bytes = buffer.slice(0, bytesRead)
      return bytes.length === keyBytes ? bytes : parseKey(Buffer.from(bytes).toString('latin1'))
    } finally {
      await file.close()
    }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new BitloomError('INVALID_ARGUMENT', `the key file cannot be read: ${why}`, { cause })
  }
}

function parseKey(text: string): Uint8Array | undefined {
  const trimmed = text.trim()
  if (/^[\da-f]{64}$/i.test(trimmed)) return Uint8Array.from(Buffer.from(trimmed, 'hex'))
  if (/^[\w+/-]{43}=?$/.test(trimmed)) return Uint8Array.from(Buffer.from(trimmed, 'base64'))
  return undefined
}

/** Eight hex digits that tell keys apart and say nothing of the key. */
export function checkOf(key: Uint8Array): string {
  return createHash('sha256').update('bitloom storage-encrypted check').update(key).digest('hex').slice(0, 8)
}

/** The key of one torrent: of its v1 hash where it has one. No two torrents share a keystream (HKDF, RFC 5869). */
export function torrentKey(key: Uint8Array, { v1, v2 }: InfoHashes): Uint8Array {
  const salt = v1 ?? v2 ?? new Uint8Array()
  const purpose = `bitloom storage-encrypted 1 ${v1 === undefined ? 'v2' : 'v1'}`
  return new Uint8Array(hkdfSync('sha256', key, salt, purpose, keyBytes))
}

function refusal(message: string): BitloomError {
  return new BitloomError('INVALID_ARGUMENT', message)
}

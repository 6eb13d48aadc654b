import { type Metainfo, type MagnetLink, type InfoHashes, MetainfoError, parseMagnet } from '@bitloom/core'
import { parseTorrent } from '@bitloom/core/node'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { CliError, sentenceOf, systemReason } from './exit-codes.js'
import { hex } from './output.js'
import type { Runtime } from './runtime.js'
import { aborted } from './stop.js'

/** A .torrent larger than this is refused before it is read whole. */
const maxTorrentBytes = 64 * 1024 ** 2
const fetchTimeoutMs = 30_000
const maxRedirects = 5

/** What an ID on the command line stands for. */
export type Identified =
  { readonly kind: 'torrent'; readonly torrent: Metainfo } | { readonly kind: 'magnet'; readonly link: MagnetLink }

/**
 * Reads what an ID stands for: a path, an http(s) URL, `-`, a magnet link, or an info-hash (40 or 64 hex digits, or 32
 * of base 32). @throws CliError, MetainfoError, BencodeError, a system error
 */
export async function identify(id: string, runtime: Runtime): Promise<Identified> {
  if (/^magnet:/i.test(id)) return { kind: 'magnet', link: parseMagnet(id) }
  if (/^([0-9a-f]{40}|[a-z2-7]{32})$/i.test(id))
    return { kind: 'magnet', link: parseMagnet(`magnet:?xt=urn:btih:${id}`) }
  if (/^[0-9a-f]{64}$/i.test(id)) return { kind: 'magnet', link: parseMagnet(`magnet:?xt=urn:btmh:1220${id}`) }
  return { kind: 'torrent', torrent: await loadTorrent(id, runtime) }
}

/** Reads and parses a .torrent: a path, an http(s) URL, or `-` for standard input. Errors name the source. */
export async function loadTorrent(source: string, runtime: Runtime): Promise<Metainfo> {
  if (/^magnet:/i.test(source)) {
    throw new CliError('MAGNET_UNSUPPORTED', 'A magnet link has no files in it: give the .torrent file')
  }
  return parseNamed(await readSource(source, runtime), source)
}

/** Parses a .torrent; errors name where it came from. */
export function parseNamed(bytes: Uint8Array, source: string): Metainfo {
  try {
    return parseTorrent(bytes)
  } catch (error) {
    throw named(error, source)
  }
}

/** The bytes of a .torrent. */
export async function readSource(source: string, runtime: Runtime): Promise<Uint8Array> {
  if (source === '-') {
    const stopped = aborted(runtime.stop.signal).then(() => {
      throw new CliError('INTERRUPTED', 'Stopped before the torrent was read from standard input')
    })
    return Promise.race([gather(runtime.stdin, 'standard input'), stopped])
  }
  if (/^https?:\/\//i.test(source)) return download(source, runtime.stop.signal)
  const path = resolve(runtime.cwd, source)
  return readFile(path).catch((error: unknown) => {
    // Node names the path only where opening fails, not where reading does.
    throw error instanceof Error ? Object.assign(error, { path }) : error
  })
}

/** The same error with the name of what was read in front, where its message lacks it. */
function named(error: unknown, source: string): unknown {
  if (!(error instanceof Error) || error.message.includes(source)) return error
  const what = source === '-' ? 'standard input' : source
  return Object.assign(error, { message: `${what}: ${error.message}` })
}

async function gather(stream: AsyncIterable<Uint8Array | string>, what: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of stream) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    length += bytes.length
    if (length > maxTorrentBytes)
      throw new MetainfoError('METAINFO_LIMIT', `${what} is larger than 64 MiB: no torrent is`)
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}

async function download(url: string, stop: AbortSignal, redirects = 0): Promise<Uint8Array> {
  const signal = AbortSignal.any([stop, AbortSignal.timeout(fetchTimeoutMs)])
  try {
    const response = await fetch(url, { signal, redirect: 'manual' })
    const next = response.status >= 300 && response.status < 400 ? response.headers.get('location') : null
    if (next !== null) return await follow(new URL(next, url).href, stop, redirects + 1)
    if (response.status === 404 || response.status === 410) {
      throw new CliError('NOT_FOUND', `${url} does not exist (${response.status})`)
    }
    if (!response.ok || response.body === null) throw new CliError('NETWORK', `${url} answered ${response.status}`)
    return await gather(response.body, url)
  } catch (cause) {
    if (cause instanceof CliError || cause instanceof MetainfoError) throw cause
    if (signal.aborted && !stop.aborted) throw new CliError('TIMEOUT', `${url} did not answer within 30 s`, { cause })
    const reason = cause instanceof Error && cause.cause !== undefined ? systemReason(cause.cause) : sentenceOf(cause)
    throw new CliError('NETWORK', `${url} cannot be fetched: ${reason}`, { cause })
  }
}

function follow(url: string, stop: AbortSignal, redirects: number): Promise<Uint8Array> {
  if (redirects > maxRedirects) throw new CliError('NETWORK', `${url}: too many redirects`)
  if (!/^https?:/i.test(url)) throw new CliError('NETWORK', `${url}: a redirect away from http is not followed`)
  return download(url, stop, redirects)
}

/** The hash that names a torrent in events, locks and records: v1 where there is one, else v2, in hex. */
export function keyOf(hashes: InfoHashes): string {
  return hex(hashes.v1 ?? hashes.v2 ?? new Uint8Array())
}

/** What a torrent is called for people: its name, or its info-hash while that is all there is. */
export function titleOf(torrent: { readonly name?: string; readonly infoHashes: InfoHashes }): string {
  return torrent.name === undefined || torrent.name === '' ? keyOf(torrent.infoHashes) : torrent.name
}

/** The 20 bytes that trackers and handshakes use: the v1 hash, or the v2 hash cut to 20 (BEP 52). */
export function wireHashOf(hashes: InfoHashes): Uint8Array {
  return (hashes.v1 ?? hashes.v2 ?? new Uint8Array(20)).subarray(0, 20)
}

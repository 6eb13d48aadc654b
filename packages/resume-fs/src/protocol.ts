import {
  decode,
  type Dict,
  encode,
  type Encodable,
  equalBytes,
  type FileStamp,
  type InfoHashes,
  type PartialPiece,
  ResumeError,
  type ResumeRecord,
  toHex,
  utf8Strict,
} from '@bitloom/core'
import { createHash } from 'node:crypto'

/**
 * The form of a record on disk: a bencoded dictionary of a version, a record that is bencoded itself, and the SHA-256 of
 * that. Any bit that flips is seen: it is the checksum that does not fit, or a key or a version that nobody knows.
 */
const version = 1
const states = ['active', 'paused', 'removed'] as const
/** A torrent may have 64 MiB, and its record has more. */
const maxBytes = 256 * 1024 ** 2
/** A stamp of a file that is not there has no numbers. */
const noFile: Encodable = []

export function formatRecord(record: ResumeRecord): Uint8Array {
  const body = encode(bodyOf(record))
  return encode(
    new Map<string, Encodable>([
      ['version', version],
      ['checksum', checksumOf(body)],
      ['record', body],
    ]),
  )
}

/** @throws ResumeError for what is no record of this version */
export function parseRecord(bytes: Uint8Array): ResumeRecord {
  try {
    const outer = dict(decode(bytes, { canonicalKeys: true, maxBytes }))
    if (outer.size !== 3) throw new ResumeError('it has other fields than a record')
    const found = whole(outer.get('version'))
    if (found !== version) throw new ResumeError(`it is of version ${found}, and this is version ${version}`)
    const body = raw(outer.get('record'))
    if (!equalBytes(raw(outer.get('checksum')), checksumOf(body))) throw new ResumeError('its checksum is wrong')
    return recordOf(dict(decode(body, { maxBytes })))
  } catch (cause) {
    if (cause instanceof ResumeError) throw cause
    throw new ResumeError(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

function checksumOf(body: Uint8Array): Uint8Array {
  return createHash('sha256').update(`bitloom resume ${version}\n`).update(body).digest()
}

function bodyOf(record: ResumeRecord): Encodable {
  const { infoHashes, info, priorities, wantedFiles, picker, choker } = record
  return new Map<string, Encodable>([
    ...present('info hash', infoHashes.v1),
    ...present('info hash 2', infoHashes.v2),
    ['name', record.name],
    ...present('info', info),
    ['trackers', record.trackers],
    ['web seeds', record.webSeeds],
    ['directory', record.directory],
    ...present('move to', record.moveTo),
    ...present('paths', record.paths),
    ...present('relocating', record.relocating && relocationBody(record.relocating)),
    ...present('incomplete suffix', record.incompleteSuffix),
    ['storage', record.storage],
    ['state', record.state],
    ['have', record.have],
    ['partial', record.partial.map(({ piece, blocks }) => [piece, blocks])],
    ['files', record.files.map((stamp) => (stamp === undefined ? noFile : [stamp.lengthBytes, stamp.modifiedUs]))],
    ...present('priorities', priorities),
    ...present('wanted files', wantedFiles),
    ...present('picker', picker),
    ...present('choker', choker),
    // Bencode knows whole numbers only; the name of a limit is ASCII, its value may be a fraction.
    ['limits', new Map(Object.entries(record.limits).map(([name, value]) => [name, String(value)]))],
    ...present('queue rank', record.queueRank),
    ...present('forced', record.forced === true ? 1 : undefined),
    ...present('seeding ms', record.seedingMs),
    ['uploaded', record.uploadedBytes],
    ['downloaded', record.downloadedBytes],
  ])
}

type Relocation = NonNullable<ResumeRecord['relocating']>

function relocationBody({ directory, paths }: Relocation): Encodable {
  return new Map<string, Encodable>([
    ['directory', directory],
    ['paths', paths],
  ])
}

function relocationOf(value: unknown): Relocation {
  const place = dict(value)
  return { directory: text(place.get('directory')), paths: pathsOf(place.get('paths')) }
}

function pathsOf(value: unknown): string[] {
  return list(value).map(text)
}

function present(key: string, value: Encodable | undefined): [string, Encodable][] {
  return value === undefined ? [] : [[key, value]]
}

function recordOf(body: Dict): ResumeRecord {
  const get = (key: string): unknown => body.get(key)
  const optional = <K extends string, T>(name: K, key: string, read: (value: unknown) => T): { [name in K]?: T } =>
    (body.has(key) ? { [name]: read(get(key)) } : {}) as { [name in K]?: T }
  const state = text(get('state'))
  return {
    infoHashes: hashesOf(body),
    name: text(get('name')),
    ...optional('info', 'info', own),
    trackers: list(get('trackers')).map((tier) => list(tier).map(text)),
    webSeeds: list(get('web seeds')).map(text),
    directory: text(get('directory')),
    ...optional('moveTo', 'move to', text),
    ...optional('paths', 'paths', pathsOf),
    ...optional('relocating', 'relocating', relocationOf),
    ...optional('incompleteSuffix', 'incomplete suffix', text),
    storage: text(get('storage')),
    state: states.find((one) => one === state) ?? wrong('a state'),
    have: own(get('have')),
    partial: list(get('partial')).map(partialOf),
    files: list(get('files')).map(stampOf),
    ...optional('priorities', 'priorities', own),
    ...optional('wantedFiles', 'wanted files', own),
    ...optional('picker', 'picker', text),
    ...optional('choker', 'choker', text),
    limits: Object.fromEntries([...dict(get('limits'))].map(([name, value]) => [name, Number(text(value))])),
    ...optional('queueRank', 'queue rank', whole),
    ...optional('forced', 'forced', () => true as const),
    ...optional('seedingMs', 'seeding ms', whole),
    uploadedBytes: whole(get('uploaded')),
    downloadedBytes: whole(get('downloaded')),
  }
}

function hashesOf(body: Dict): InfoHashes {
  const [v1, v2] = [body.get('info hash'), body.get('info hash 2')]
  return { ...(v1 === undefined ? {} : { v1: own(v1) }), ...(v2 === undefined ? {} : { v2: own(v2) }) }
}

function partialOf(value: unknown): PartialPiece {
  const [piece, blocks] = list(value)
  return { piece: whole(piece), blocks: own(blocks) }
}

function stampOf(value: unknown): FileStamp | undefined {
  const [lengthBytes, modifiedUs] = list(value)
  return lengthBytes === undefined ? undefined : { lengthBytes: whole(lengthBytes), modifiedUs: whole(modifiedUs) }
}

function dict(value: unknown): Dict {
  return value instanceof Map ? (value as Dict) : wrong('a dictionary')
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : wrong('a list')
}

function whole(value: unknown): number {
  return typeof value === 'number' ? value : wrong('a number')
}

function raw(value: unknown): Uint8Array {
  return value instanceof Uint8Array ? value : wrong('a string')
}

/** Not a view into the file. */
function own(value: unknown): Uint8Array {
  return raw(value).slice()
}

function text(value: unknown): string {
  return utf8Strict(raw(value)) ?? wrong('text')
}

function wrong(what: string): never {
  throw new ResumeError(`something in it is not ${what}`)
}

/** What a name must be to be one of a record: 40 or 64 hex digits. */
export const keyPattern = /^([0-9a-f]{40}|[0-9a-f]{64})$/

/** Whether a record is of the torrent that its file is named after. */
export function isOf(record: ResumeRecord, key: string): boolean {
  const { v1, v2 } = record.infoHashes
  const hash = v1 ?? v2
  return hash !== undefined && toHex(hash) === key
}

import type { StandardResult, StandardSchema } from '@bitloom/core'

export interface FileStorageOptions {
  /** Files open at the same time, all torrents together. 1 … 65,536, default 64. */
  readonly maxOpenFiles: number
  /** Of them, those of one torrent. 1 … 65,536, default 65,536: as many as `maxOpenFiles` lets. */
  readonly maxOpenFilesPerTorrent?: number
  /** Bytes wanted in one write: a multiple of 16 KiB up to 16 MiB, default 1 MiB. */
  readonly extentBytes: number
}

const mostFiles = 65_536
const defaults: Required<FileStorageOptions> = {
  maxOpenFiles: 64,
  maxOpenFilesPerTorrent: mostFiles,
  extentBytes: 1_048_576,
}

/** Options with their defaults; unknown keys and numbers out of range are refused by name. */
export const optionsSchema: StandardSchema<FileStorageOptions> = {
  '~standard': { version: 1, vendor: 'bitloom', validate },
}

function validate(value: unknown): StandardResult<FileStorageOptions> {
  if (typeof value !== 'object' || value === null) return { issues: [{ message: 'expected an object' }] }
  const given = value as Record<string, unknown>
  const issues = Object.keys(given)
    .filter((key) => !Object.hasOwn(defaults, key))
    .map((key) => ({ message: 'unknown option', path: [key] }))
  const { maxOpenFiles = defaults.maxOpenFiles, extentBytes = defaults.extentBytes } = given
  const { maxOpenFilesPerTorrent = defaults.maxOpenFilesPerTorrent } = given
  for (const [key, limit] of Object.entries({ maxOpenFiles, maxOpenFilesPerTorrent })) {
    if (!isWhole(limit, 1, mostFiles)) issues.push({ message: 'expected a whole number from 1 to 65536', path: [key] })
  }
  if (!isWhole(extentBytes, 16_384, 16_777_216) || extentBytes % 16_384 !== 0) {
    issues.push({ message: 'expected a multiple of 16384 up to 16 MiB', path: ['extentBytes'] })
  }
  if (issues.length > 0) return { issues }
  const limits = { maxOpenFiles: Number(maxOpenFiles), maxOpenFilesPerTorrent: Number(maxOpenFilesPerTorrent) }
  return { value: { ...limits, extentBytes: Number(extentBytes) } }
}

function isWhole(value: unknown, least: number, most: number): value is number {
  return Number.isInteger(value) && Number(value) >= least && Number(value) <= most
}

import type { StandardResult, StandardSchema } from '@bitloom/core'
import type { FileStorageOptions } from './file-storage.js'

const defaults: FileStorageOptions = { maxOpenFiles: 64, extentBytes: 1_048_576 }

/** Options with their defaults; unknown keys and numbers out of range are refused by name. */
export const optionsSchema: StandardSchema<FileStorageOptions> = {
  '~standard': { version: 1, vendor: 'bitloom', validate },
}

function validate(value: unknown): StandardResult<FileStorageOptions> {
  if (typeof value !== 'object' || value === null) return { issues: [{ message: 'expected an object' }] }
  const given = value as Record<string, unknown>
  const issues = Object.keys(given)
    .filter((key) => !(key in defaults))
    .map((key) => ({ message: 'unknown option', path: [key] }))
  const { maxOpenFiles = defaults.maxOpenFiles, extentBytes = defaults.extentBytes } = given
  if (!isWhole(maxOpenFiles, 1, 65_536))
    issues.push({ message: 'expected a whole number from 1 to 65536', path: ['maxOpenFiles'] })
  if (!isWhole(extentBytes, 16_384, 16_777_216) || Number(extentBytes) % 16_384 !== 0) {
    issues.push({ message: 'expected a multiple of 16384 up to 16 MiB', path: ['extentBytes'] })
  }
  return issues.length > 0
    ? { issues }
    : { value: { maxOpenFiles: Number(maxOpenFiles), extentBytes: Number(extentBytes) } }
}

function isWhole(value: unknown, least: number, most: number): boolean {
  return Number.isInteger(value) && Number(value) >= least && Number(value) <= most
}

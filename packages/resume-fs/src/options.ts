import type { StandardResult, StandardSchema } from '@bitloom/core'

export interface FileResumeOptions {
  /** The state folder: made when it is missing, for this user only. */
  readonly directory: string
  /**
   * What this process locks in it: the whole `folder`, so that no other process uses it, or `records`, one for each
   * torrent, by whoever runs it (`lockRecord`). Default `folder`.
   */
  readonly lock: 'folder' | 'records'
}

/** Options with their defaults; unknown keys and wrong values are refused by name. */
export const optionsSchema: StandardSchema<FileResumeOptions> = {
  '~standard': { version: 1, vendor: 'bitloom', validate },
}

function validate(value: unknown): StandardResult<FileResumeOptions> {
  if (typeof value !== 'object' || value === null) return { issues: [{ message: 'expected an object' }] }
  const { directory, lock = 'folder', ...others } = value as Record<string, unknown>
  const issues = Object.keys(others).map((key) => ({ message: 'unknown option', path: [key] }))
  if (typeof directory !== 'string' || directory === '') {
    issues.push({ message: 'expected the path of a folder', path: ['directory'] })
  }
  if (lock !== 'folder' && lock !== 'records') {
    issues.push({ message: 'expected "folder" or "records"', path: ['lock'] })
  }
  if (issues.length > 0) return { issues }
  return { value: { directory: String(directory), lock: lock === 'records' ? 'records' : 'folder' } }
}

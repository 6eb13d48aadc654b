import { link, open, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { CliError, systemCode, systemReason } from './exit-codes.js'

/**
 * Writes a whole file or nothing: beside it first, then moved into place. Something that is no regular file (a device, a
 * pipe) is written to as it is.
 * @throws CliError FILE_EXISTS unless `replace`, CANNOT_CREATE; a system error with ENOSPC or EIO
 */
export async function writeWholeFile(path: string, bytes: Uint8Array, replace: boolean): Promise<void> {
  const existing = await stat(path).catch(() => undefined)
  if (existing?.isDirectory() === true) throw new CliError('CANNOT_CREATE', `${path} is a folder`, { path })
  try {
    if (existing !== undefined && !existing.isFile()) return await writeInto(path, bytes, 'w', false)
    if (existing !== undefined && !replace) throw exists(path)
    await writeBeside(path, bytes, replace)
  } catch (cause) {
    if (cause instanceof CliError) throw cause
    if (systemCode(cause) === 'EEXIST') throw exists(path)
    if (['ENOSPC', 'EDQUOT', 'EIO'].includes(systemCode(cause))) throw Object.assign(cause as Error, { path })
    throw new CliError('CANNOT_CREATE', `${path} cannot be written: ${systemReason(cause)}`, { path, cause })
  }
}

const exists = (path: string): CliError =>
  new CliError('FILE_EXISTS', `${path} exists already: --force replaces it`, { path })

async function writeBeside(path: string, bytes: Uint8Array, replace: boolean): Promise<void> {
  const beside = join(dirname(path), `.${process.pid}.${performance.now()}.bitloom-part`)
  try {
    await writeInto(beside, bytes, 'wx', true)
    // A link fails where a file has come meanwhile; a rename replaces it.
    if (replace) await rename(beside, path)
    else await link(beside, path)
  } finally {
    await rm(beside, { force: true })
  }
}

async function writeInto(path: string, bytes: Uint8Array, flags: string, durable: boolean): Promise<void> {
  const file = await open(path, flags)
  try {
    await file.writeFile(bytes)
    if (durable) await file.sync()
  } finally {
    await file.close()
  }
}

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A file system in memory that can be full. */
export interface SmallDisk {
  readonly path: string
  /** Other options for what is mounted: `size=8m`, `ro`, `rw`. @throws if the system refuses */
  remount(options: string): void
  unmount(): void
}

/** Why there can be no small disk here, or `undefined`. It tries: root of a container may not mount either. */
export function noSmallDisk(): string | undefined {
  if (process.platform !== 'linux') return 'it needs Linux'
  if (process.getuid?.() !== 0) return 'only root may mount a file system'
  const folder = mkdtempSync(join(tmpdir(), 'bitloom-mount-'))
  try {
    run('mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder)
    run('umount', folder)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    rmdirSync(folder)
  }
}

/** Mounts an empty file system at `path`, which is made. @throws if the system refuses */
export async function mountSmallDisk(path: string, options: string): Promise<SmallDisk> {
  await mkdir(path, { recursive: true })
  run('mount', '-t', 'tmpfs', '-o', options, 'tmpfs', path)
  return {
    path,
    remount: (changed) => run('mount', '-o', `remount,${changed}`, path),
    unmount: () => run('umount', '--lazy', path),
  }
}

function run(command: string, ...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${error?.message ?? stderr}`)
}

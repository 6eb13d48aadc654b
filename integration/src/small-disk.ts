import { spawnSync } from 'node:child_process'
import { mkdir } from 'node:fs/promises'

/** A file system in memory that can be full. */
export interface SmallDisk {
  readonly path: string
  /** Other options for what is mounted: `size=8m`, `ro`, `rw`. @throws if the system refuses */
  remount(options: string): void
  unmount(): void
}

/** Why there can be no small disk here, or `undefined`. */
export function noSmallDisk(): string | undefined {
  if (process.platform !== 'linux') return 'it needs Linux'
  return process.getuid?.() === 0 ? undefined : 'only root may mount a file system'
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

import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'

/** A folder for all that a run writes. */
export interface Workshop {
  readonly folder: string
  /**
   * Takes so many bytes of page cache and gives them back. On virtual machines the first writes after a rest cost many
   * times more than later ones, because the host has to find the memory.
   */
  warm(lengthBytes: number): Promise<void>
}

/** Makes a folder below `parent`; it goes when the process ends, in whatever way that it can notice. */
export function openWorkshop(parent: string): Workshop {
  const folder = mkdtempSync(join(parent, 'bitloom-bench-'))
  // opentracker reads its list as another user.
  chmodSync(folder, 0o755)
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 20 }))
  // An exit by signal runs no "exit" handlers, and those stop the clients.
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.once(signal, () => process.exit(code))
  }
  return {
    folder,
    warm: async (lengthBytes) => {
      const path = join(folder, 'warm')
      const chunk = Buffer.alloc(1 << 20, 1)
      const file = await open(path, 'w')
      for (let left = lengthBytes; left > 0; left -= chunk.length) await file.write(chunk)
      await file.close()
      rmSync(path)
    },
  }
}

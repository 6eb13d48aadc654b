import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'

/** Is a program in the path, or where Debian keeps those of the administrator? */
export function installed(program: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin']
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Vitest's global set-up of the project: programs that tests start import the built packages. */
export default function build(): void {
  if (process.env['BITLOOM_TEST_BUILT'] !== undefined) return
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const { status, stdout } = spawnSync(process.execPath, ['scripts/build.mjs'], { cwd: root })
  if (status !== 0) throw new Error(`The build failed: ${stdout.toString()}`)
}

import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createPlugin, type Kind } from '@bitloom/create-plugin'
import { afterAll, describe, expect, it } from 'vitest'

// New plugins as their authors have them: with names of their own, built packages, vitest and the compiler. Each has its
// tests pass, and fail once its code is wrong.
const modules = fileURLToPath(new URL('../../node_modules', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'bitloom-new-plugins-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** One mistake in a source of each kind, and the test that shall notice. */
const mistakes: Readonly<Record<Kind, readonly [source: string, good: string, bad: string, noticed: string]>> = {
  picker: ['my-picker', 'picks.takePartials()', '', 'begun'],
  choker: ['my-choker', 'a.peer.uploadedBytes - b.peer', 'b.peer.uploadedBytes - a.peer', 'got least'],
  storage: ['my-storage', '- done, position + done', '- done, done', 'lands at its offset'],
  tracker: ['my-tracker', 'peers.slice(0, numWant)', 'peers', 'no more than are wanted'],
  extension: ['my-extension', 'payload.length <= longestBytes', 'true', 'too long'],
  hooks: ['my-hooks', 'name) => client', 'name) => !client', 'refuses the clients'],
}

/** Runs a program of `node_modules` in the folder of a plugin; answers how it ended and what it printed. */
function run(home: string, program: string, ...args: readonly string[]): Promise<{ code: unknown; output: string }> {
  const env = { PATH: process.env['PATH'], NO_COLOR: '1' }
  const child = spawn(process.execPath, [join(modules, program), ...args], { cwd: home, env })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  return new Promise((resolve) => void child.on('close', (code) => resolve({ code, output })))
}

describe('a new plugin', () => {
  it.each(Object.entries(mistakes))(
    'of kind %s has tests that pass, and notice a mistake',
    async (kind, mistake) => {
      const [source, good, bad, noticed] = mistake
      const name = `other-${kind}`
      const home = join(folder, name)
      await createPlugin({ folder: home, name: `@me/${name}`, kind: kind as Kind })
      symlinkSync(modules, join(home, 'node_modules'))
      const [types, tests] = await Promise.all([
        run(home, 'typescript/bin/tsc'),
        run(home, 'vitest/vitest.mjs', 'run', '--testTimeout=30000'),
      ])
      expect(types).toEqual({ code: 0, output: '' })
      expect(tests).toMatchObject({ code: 0 })

      const path = join(home, 'src', source.replace(`my-${kind}`, name) + '.ts')
      const code = readFileSync(path, 'utf8')
      expect(code).toContain(good)
      writeFileSync(path, code.replace(good, bad))
      const broken = await run(home, 'vitest/vitest.mjs', 'run', '--testTimeout=30000')
      expect(broken.code).toBe(1)
      expect(broken.output).toMatch(new RegExp(`(×|FAIL).*${noticed}`))
    },
    120_000,
  )
})

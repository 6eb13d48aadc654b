import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'bitloom-conformance-'))
const suite = fileURLToPath(new URL('node-test/suite.ts', import.meta.url))

/** Runs the suite with the runner of Node, in a process of its own. */
function nodeTest(picker: string) {
  const args = ['--test', '--test-reporter=tap', join(folder, 'suite.mjs')]
  // Node's runner tells its children by this variable that they are children.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  return spawnSync(process.execPath, args, { encoding: 'utf8', env: { ...env, PICKER: picker } })
}

describe('with node:test', () => {
  beforeAll(() =>
    build({
      configFile: false,
      logLevel: 'silent',
      build: {
        ssr: suite,
        outDir: folder,
        emptyOutDir: false,
        rollupOptions: { output: { entryFileNames: 'suite.mjs' } },
      },
    }),
  )
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('a sound picker passes, and what is not asked of it shows as skipped', () => {
    const { stdout, status } = nodeTest('sound')
    expect(stdout).toMatch(/ok \d+ - brings a download to its end/)
    expect(stdout).toMatch(/ok \d+ - begins pieces of higher priority first \(takes no notice of priorities\) # SKIP/)
    expect(stdout).toContain('# skipped 1\n')
    expect(status).toBe(0)
  })

  it('a faulty one fails by the name of the guarantee, and says what came', () => {
    const { stdout, status } = nodeTest('faulty')
    expect(status).toBe(1)
    expect(stdout).toMatch(/not ok \d+ - asks a peer for its only piece, whichever that is and however many it lacks/)
    expect(stdout).toContain('a peer that has piece 1 only is asked for: expected [1], came []')
  })
})

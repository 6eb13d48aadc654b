// `npm run sbom`: what the published packages are made of, by the lock, as a CycloneDX document. npm writes it; it wants a
// version of the root, which is private and has none.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './setup.mjs'

const read = (...path) => JSON.parse(readFileSync(join(root, ...path), 'utf8'))
const folder = mkdtempSync(join(tmpdir(), 'bitloom-sbom-'))
try {
  const { version } = read('packages', 'core', 'package.json')
  for (const name of ['package.json', 'package-lock.json']) {
    const json = read(name)
    if (name === 'package-lock.json') json.packages[''].version = version
    writeFileSync(join(folder, name), JSON.stringify({ ...json, version }))
  }
  for (const name of [...readdirSync(join(root, 'packages')).map((one) => join('packages', one)), 'interop'])
    cpSync(join(root, name, 'package.json'), join(folder, name, 'package.json'))
  const args = ['sbom', '--sbom-format=cyclonedx', '--package-lock-only', '--omit=dev']
  const { status, stdout, stderr } = spawnSync('npm', args, { cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 27 })
  process.stdout.write(stdout)
  process.stderr.write(stderr)
  process.exitCode = status ?? 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}

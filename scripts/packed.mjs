// Packs every package as it would be published, for those that look at the packages as a stranger does.
import { spawnSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './setup.mjs'

/** Packs all that can be published into `folder`: name of the package's folder, its path, manifest, size, tarball and list of files. */
export function packAll(folder) {
  const packed = JSON.parse(npm(['pack', '--workspaces', '--json', '--pack-destination', folder], root))
  const byName = new Map(packed.map((one) => [one.name, one]))
  return readdirSync(join(root, 'packages')).flatMap((name) => {
    const home = join(root, 'packages', name)
    const manifest = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'))
    if (manifest.private) return []
    const { filename, files, size } = byName.get(manifest.name)
    return { folder: name, home, manifest, size, tarball: join(folder, filename), files: files.map(({ path }) => path) }
  })
}

/** Runs npm and answers what it printed. @throws Error with what it said when it fails */
export function npm(args, cwd) {
  const { status, stdout, stderr } = run('npm', args, cwd)
  if (status !== 0) throw new Error(`npm ${args[0]} failed in ${cwd}: ${stderr}`)
  return stdout
}

export function run(command, args, cwd) {
  return spawnSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 26 })
}

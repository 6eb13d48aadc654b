// A registry of our own packages on loopback, so that `npm install` and `npm create` work as they will when the packages are
// published. What is not ours it redirects to the registry that npm uses here.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { basename } from 'node:path'

/** Serves packed packages; answers its URL and a way to end it. `upstream` is the URL of the registry for all others. */
export async function startRegistry(packed, upstream) {
  const byName = new Map(packed.map((one) => [one.manifest.name, one]))
  const byFile = new Map(packed.map((one) => [basename(one.tarball), one]))
  const server = createServer(({ url = '/', headers }, response) => {
    const path = decodeURIComponent(url.split('?')[0]).slice(1)
    const own = byName.get(path)
    const file = byFile.get(basename(path))
    if (own !== undefined) {
      const body = JSON.stringify(packument(own, `http://${headers.host}`))
      response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(body)
    } else if (file !== undefined) {
      response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(readFileSync(file.tarball))
    } else if (path.startsWith('@bitloom/')) {
      response.writeHead(404).end()
    } else {
      response.writeHead(302, { location: new URL(url.slice(1), upstream).href }).end()
    }
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  return { url: `http://127.0.0.1:${port}/`, close: () => new Promise((resolve) => server.close(resolve)) }
}

/** What a registry says of a package with one version. */
function packument({ manifest, tarball }, origin) {
  const bytes = readFileSync(tarball)
  const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`
  // The hash in the address keeps caches from taking another build of this version for it.
  const place = createHash('sha256').update(bytes).digest('hex').slice(0, 16)
  const dist = { tarball: `${origin}/tarballs/${place}/${basename(tarball)}`, integrity }
  const version = { ...manifest, _id: `${manifest.name}@${manifest.version}`, dist }
  return {
    name: manifest.name,
    'dist-tags': { latest: manifest.version },
    versions: { [manifest.version]: version },
  }
}

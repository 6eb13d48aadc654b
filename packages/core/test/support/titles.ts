import { equalBytes } from '../../src/bytes/text.js'
import type { Content, Metainfo } from '../../src/metainfo/metainfo.js'
import type { Storage } from '../../src/ports/storage.js'
import { TestStorage } from './test-storage.js'

/** Several torrents by their names, and storages that have a place for each. */
export function titlesOf(all: readonly { readonly metainfo: Metainfo; readonly data: Uint8Array }[]) {
  const named = (name: string): Metainfo => {
    const found = all.find(({ metainfo }) => metainfo.name === name)
    if (found === undefined) throw new Error(`there is no torrent ${name}`)
    return found.metainfo
  }
  const nameOf = (infoHash: Uint8Array): string =>
    all.find(({ metainfo }) => equalBytes(metainfo.infoHashes.v1 ?? infoHash, infoHash))?.metainfo.name ?? ''
  const storage = (kind: 'full' | 'empty'): Storage => {
    const places = new Map(
      all.map(({ metainfo, data }) => [
        metainfo.name,
        kind === 'full' ? new TestStorage(0, data) : new TestStorage(data.length),
      ]),
    )
    const placeOf = (content: Content & { readonly name?: string }): TestStorage => {
      const place = places.get(content.name ?? '')
      if (place === undefined) throw new Error('there is no place for this torrent')
      return place
    }
    return { name: 'titles', open: (content) => placeOf(content).open(content) }
  }
  return { all, named, nameOf, storage }
}

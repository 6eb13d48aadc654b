import { extensionConformance } from '@bitloom/conformance'
import type { Metainfo, PeerExtension, TorrentControl, TorrentView } from '@bitloom/core'
import { describe, it } from 'vitest'
import { makeTorrent } from '../../core/test/support/world.js'
import { metadataExtension } from '../src/metadata-extension.js'
import { encodeMessage } from '../src/protocol.js'

const quiet = (): void => {}
const { metainfo } = makeTorrent({ lengthBytes: 6 * 65_536, pieceBytes: 65_536 })
const sizeBytes = metainfo.info.length

/** Time stands still, and no metadata is the right one. */
function extension(): PeerExtension {
  const control = {
    provideInfo: async () => false,
    info: async () => metainfo.info,
    ban: quiet,
    disconnect: quiet,
  } as unknown as TorrentControl
  return metadataExtension(
    () => ({
      clock: { nowMs: () => 0, wallMs: () => 0, after: () => quiet },
      log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
      control: () => control,
    }),
    { timeoutMs: 10_000, maxBytes: 1_048_576, banMs: 3_600_000 },
  )
}

/** The same for torrents whose metadata is known. */
function serving(inner: PeerExtension, known: Metainfo): PeerExtension {
  const views = new Map<TorrentView, TorrentView>()
  const viewOf = (torrent: TorrentView): TorrentView => {
    const view = views.get(torrent) ?? { ...torrent, metainfo: known }
    views.set(torrent, view)
    return view
  }
  return {
    ...inner,
    hello: (into, torrent) => inner.hello?.(into, viewOf(torrent)),
    open: (peer, torrent, link, theirs) => inner.open(peer, viewOf(torrent), link, theirs),
  }
}

const messages = [
  encodeMessage({ type: 'data', piece: 0, totalBytes: sizeBytes, bytes: metainfo.info }),
  encodeMessage({ type: 'request', piece: 0 }),
  encodeMessage({ type: 'reject', piece: 0 }),
  encodeMessage({ type: 'request', piece: 1 }),
]

describe('with metadata to fetch', () => {
  const theirs = new Map([['metadata_size', sizeBytes]])
  extensionConformance({ describe, it }, { extension, theirs, messages })
})

describe('with metadata to give', () => {
  extensionConformance({ describe, it }, { extension: () => serving(extension(), metainfo), messages })
})

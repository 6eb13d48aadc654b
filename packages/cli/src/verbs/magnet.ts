import { formatMagnet, magnetOf } from '@bitloom/core'
import type { Runtime } from '../runtime.js'
import { keyOf, loadTorrent } from '../torrents.js'

/** `magnet TORRENT`: prints the link. */
export async function magnet(
  runtime: Runtime,
  [source = '']: readonly string[],
  options: { readonly trackers: boolean },
): Promise<number> {
  const torrent = await loadTorrent(source, runtime)
  const link = magnetOf(torrent)
  const text = formatMagnet(options.trackers ? link : { ...link, trackers: [] })
  runtime.output.document({ infoHash: keyOf(torrent.infoHashes), magnet: text })
  runtime.output.result(text)
  return 0
}

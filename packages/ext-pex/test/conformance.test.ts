import { extensionConformance } from '@bitloom/conformance'
import {
  type Clock,
  ipEndpoint,
  type IpEndpoint,
  type PeerExtension,
  type PeerView,
  type TorrentControl,
  type TorrentView,
} from '@bitloom/core'
import { describe, it } from 'vitest'
import { pexExtension } from '../src/pex-extension.js'
import { encodePex } from '../src/protocol.js'

const at = (index: number): IpEndpoint => ipEndpoint(`203.0.113.${index}`, 6881) as IpEndpoint

/** Time that jumps to what is due whenever the event loop goes round: whatever is sent later is sent during a test. */
function jumpingClock(): Clock {
  let nowMs = 0
  return {
    nowMs: () => nowMs,
    wallMs: () => nowMs,
    after(delayMs, run) {
      const dueMs = nowMs + delayMs
      const timer = setImmediate(() => {
        nowMs = Math.max(nowMs, dueMs)
        run()
      })
      return () => clearImmediate(timer)
    },
  }
}

/** In a torrent with two other peers, of whom there is something to tell. */
function extension(): PeerExtension {
  const clock = jumpingClock()
  const control = { addPeers: () => {}, disconnect: () => {} } as unknown as TorrentControl
  const inner = pexExtension(() => ({ clock, control: () => control }))
  const peers = [1, 2].map((index) => ({ endpoint: at(index), listensAt: at(index) }) as PeerView)
  const views = new Map<TorrentView, TorrentView>()
  const viewOf = (torrent: TorrentView): TorrentView => {
    const view = views.get(torrent) ?? { ...torrent, peers }
    views.set(torrent, view)
    return view
  }
  return { ...inner, open: (peer, torrent, link, theirs) => inner.open(peer, viewOf(torrent), link, theirs) }
}

const messages = [
  encodePex({ added: [{ endpoint: at(7), flags: 0x12 }], dropped: [] }),
  encodePex({ added: [], dropped: [at(7)] }),
]

extensionConformance({ describe, it }, { extension, messages })

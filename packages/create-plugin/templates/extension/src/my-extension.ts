import { type PeerExtension, type PeerView, stripControl, utf8, utf8Bytes } from '@bitloom/core'

/** A longer greeting is none. */
const longestBytes = 200

/** Greets every peer that speaks it too, and hands on what those say. */
export function createGreeting(text: string, greeted: (peer: PeerView, text: string) => void): PeerExtension {
  return {
    name: 'my-extension',
    onPrivate: true,

    // Once per peer whose extension handshake names "my-extension".
    open(peer, _torrent, link) {
      link.send(utf8Bytes(text))
      return {
        // Anything may come from a stranger: bound it, and clean it before it is printed.
        message(payload) {
          if (payload.length <= longestBytes) greeted(peer, stripControl(utf8(payload)))
        },
      }
    },
  }
}

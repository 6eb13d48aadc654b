import { type Session, type TorrentHandle, formatDescription, isBitloomError } from '@bitloom/core'
import playback from './custom-picker.js'

/** Prints every plugin with what it brought, and from now on every failure of one. */
export function watchPlugins(session: Session, print: (line: string) => void): void {
  print(formatDescription(session.describe()))
  session.hooks.pluginFailed.tap((error) => print(error.message))
}

/** Downloads in order from now on, without losing a peer or a block. */
export async function playNow(session: Session, torrent: TorrentHandle): Promise<void> {
  await session.use(playback())
  torrent.control.use({ picker: 'playback' })
}

/** Back to the picker before. Answers false while the plugin cannot go. */
export async function playNoMore(session: Session): Promise<boolean> {
  try {
    await session.remove('playback')
    return true
  } catch (error) {
    if (isBitloomError(error) && error.code === 'PLUGIN_IN_USE') return false
    throw error
  }
}

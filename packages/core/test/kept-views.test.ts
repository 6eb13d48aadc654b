import { expect, it } from 'vitest'
import { isBitloomError } from '../src/bytes/errors.js'
import type { TorrentControl } from '../src/driver/api.js'
import { type ExtensionLink, PeerExtension } from '../src/ports/peer-extension.js'
import type { Picks } from '../src/ports/piece-picker.js'
import type { PeerView } from '../src/ports/views.js'
import { type Plugin, pluginContract } from '../src/session/plugin.js'
import { makeTorrent, TestStorage, World } from './support/world.js'
import { statsOf } from './support/stats-of.js'

const piece = 16_384
const { metainfo, data } = makeTorrent({ lengthBytes: 20 * piece, pieceBytes: piece, trackers: ['udp://t.example/'] })

/** What a plugin was given and still has. */
interface Kept {
  readonly picks: Picks
  readonly peer: PeerView
  readonly control: TorrentControl
  readonly link: ExtensionLink
}

function keeping(kept: Partial<{ -readonly [K in keyof Kept]: Kept[K] }>): Plugin {
  return {
    name: 'keeping',
    contract: pluginContract,
    bind: (bindings) =>
      bindings.value(PeerExtension, {
        name: 'bl_kept',
        onPrivate: true,
        open: (_peer, _torrent, link) => {
          kept.link = link
          return {}
        },
      }),
    apply: (host) => {
      host.hooks.pickPiece.tap((peer, picks, torrent) => {
        Object.assign(kept, { peer, picks, control: host.control(torrent.id) })
        return undefined
      })
    },
  }
}

/** Everything that can be done with it. */
function uses({ picks, peer, control, link }: Kept, world: World): Readonly<Record<string, () => unknown>> {
  const there = world.endpoint('10.0.0.2')
  return {
    take: () => picks.take(1, 'late'),
    takePartials: () => picks.takePartials(),
    takeBusy: () => picks.takeBusy(0, 'late'),
    send: () => link.send(new Uint8Array(8)),
    addPeers: () => control.addPeers([there], 'user'),
    dial: () => control.dial(there),
    disconnect: () => control.disconnect(peer, 'late'),
    ban: () => control.ban('10.0.0.2', 1_000, 'late'),
    reveal: () => control.reveal(peer),
    prioritize: () => control.prioritize([0], 7),
    select: () => control.select([false]),
    refill: () => control.refill(peer),
    provideInfo: () => control.provideInfo(metainfo.info),
    info: () => control.info(),
    use: () => control.use({ choker: 'tit-for-tat' }),
    limit: () => control.limit({ maxPeers: 1 }),
    announceNow: () => control.announceNow(),
    addTracker: () => control.addTracker('udp://other.example/'),
    removeTracker: () => control.removeTracker('udp://t.example/'),
    move: () => control.move('/elsewhere'),
    rename: () => control.rename('data', 'other'),
    pause: () => control.pause(),
    resume: () => control.resume(),
    queue: () => control.queue('up'),
    force: () => control.force(true),
    recheck: () => control.recheck(),
    remove: () => control.remove(),
  }
}

it.each(['torrent removed', 'session closed'] as const)(
  'what a plugin kept and uses after the end (%s) changes nothing, and leaves nothing',
  async (end) => {
    const world = new World()
    const target = new TestStorage(data.length)
    const kept: Partial<Kept> = {}
    const other = await world.session('10.0.0.2', new TestStorage(0, data), [keeping({})])
    await other.add({ torrent: metainfo, directory: '/', limits: { upBytesPerSecond: 20_000 } })
    const session = await world.session('10.0.0.1', target, [keeping(kept)])
    const handle = await session.add({ torrent: metainfo, directory: '/', peers: [world.endpoint('10.0.0.2')] })
    for (const promise of [handle.ready, handle.completed]) promise.catch(() => {})
    await world.clock.advance(6_000)
    expect(Object.keys(kept).toSorted()).toEqual(['control', 'link', 'peer', 'picks'])
    const ending = end === 'session closed' ? session.close() : handle.remove()
    await world.clock.advance(10_000)
    await ending
    const { view } = handle
    const look = () => ({
      state: view.state,
      stats: statsOf(view),
      bytes: Buffer.from(target.data).toString('base64'),
    })
    const before = look()

    const untyped: string[] = []
    for (const [name, use] of Object.entries(uses(kept as Kept, world))) {
      const check = (error: unknown): void => void (isBitloomError(error) || untyped.push(`${name}: ${String(error)}`))
      try {
        const answer = use()
        if (answer instanceof Promise) answer.catch(check)
      } catch (error) {
        check(error)
      }
      await world.clock.advance(5_000)
    }
    expect({ now: look(), untyped }).toEqual({ now: before, untyped: [] })

    const closing = Promise.all([session.close(), other.close()])
    await world.clock.advance(10_000)
    await closing
    const left = [world.faults, target.violations, world.network.ends.size, world.clock.pending]
    expect(left).toEqual([[], [], 0, 0])
  },
)

import type * as decisions from '../../../core/src/driver/decisions.js'
import type * as budget from '../../../core/src/driver/memory-budget.js'
import type * as pool from '../../../core/src/driver/memory-pool.js'
import type * as link from '../../../core/src/driver/peer-link.js'
import type * as torrentTracer from '../../../core/src/driver/torrent-tracer.js'
import type * as tracer from '../../../core/src/driver/tracer.js'
import type * as turns from '../../../core/src/driver/turns.js'
import type * as registry from '../../../core/src/hooks/registry.js'
import type * as peer from '../../../core/src/peer/peer.js'
import type * as chokeRound from '../../../core/src/torrent/choke-round.js'
import type * as ledger from '../../../core/src/torrent/ledger.js'
import type * as titForTat from '../../../core/src/torrent/tit-for-tat.js'
import type * as torrent from '../../../core/src/torrent/torrent.js'
import type * as rarestFirst from '../../../piece-picker/src/rarest-first.js'

const core = [
  'driver/decisions.js',
  'driver/memory-budget.js',
  'driver/memory-pool.js',
  'driver/peer-link.js',
  'driver/torrent-tracer.js',
  'driver/tracer.js',
  'driver/turns.js',
  'hooks/registry.js',
  'peer/peer.js',
  'torrent/choke-round.js',
  'torrent/ledger.js',
  'torrent/tit-for-tat.js',
  'torrent/torrent.js',
]

/** The parts of the engine that are measured by themselves. Packages do not export them, so they are loaded by file. */
export type Internals = typeof decisions &
  typeof budget &
  typeof pool &
  typeof link &
  typeof torrentTracer &
  typeof tracer &
  typeof turns &
  typeof registry &
  typeof peer &
  typeof chokeRound &
  typeof ledger &
  typeof titForTat &
  typeof torrent &
  typeof rarestFirst

/** Loads them from the built packages. */
export async function loadInternals(): Promise<Internals> {
  const of = (name: string, files: readonly string[]) =>
    files.map((file) => import(new URL(file, import.meta.resolve(name)).href) as Promise<object>)
  const modules = await Promise.all([...of('@bitloom/core', core), ...of('@bitloom/piece-picker', ['rarest-first.js'])])
  return Object.assign({}, ...modules) as Internals
}

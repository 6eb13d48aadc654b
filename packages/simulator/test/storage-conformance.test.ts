import { storageConformance } from '@bitloom/conformance'
import { Bits, seededRandom } from '@bitloom/core'
import { describe, it } from 'vitest'
import { SimulatedStorage, SimulatedTorrent, VirtualClock } from '../src/index.js'

const torrent = new SimulatedTorrent({ lengthBytes: 100_000, pieceBytes: 16_384 })

// With real bytes: of symbolic ones there is nothing to compare. The disk keeps them for as long as it is.
storageConformance(
  { describe, it },
  {
    offers: ['reopen'],
    storage: () =>
      new SimulatedStorage({
        clock: new VirtualClock(),
        random: seededRandom('storage'),
        spec: {},
        have: new Bits(torrent.metainfo.layout.pieceCount),
        torrent,
        lies: false,
      }),
  },
)

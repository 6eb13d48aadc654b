import { scenario } from '@bitloom/lab'

const KiB = 1024
/** Bytes a second of one kbit/s. */
const kbit = 125
/** A piece is one block here: in the paper's model a peer has a piece whole or not at all. */
const pieceBytes = 16 * KiB
const lengthBytes = 200 * pieceBytes

/** As many neighbours as in the paper. */
const sparse = { maxPeers: 7 }

/**
 * What becomes of the only seeder.
 * @type {Record<string, NonNullable<import('@bitloom/lab').Strategy['groups']>>}
 */
const seeders = {
  'leaves early': {},
  slow: {
    seeder: { upBytesPerSecond: 100 * kbit, leave: 'stay', ...sparse },
    peers: { leave: 'when-whole', ...sparse },
  },
  fast: {
    seeder: { upBytesPerSecond: 1_500 * kbit, leave: 'stay', ...sparse },
    peers: { leave: 'when-whole', ...sparse },
  },
}

const source = 'Bharambe, Herley, Padmanabhan, INFOCOM 2006'

export default scenario({
  name: 'rarest-first-2006',
  summary:
    'Local rarest-first against random, and in order beside them: who brings every piece out before the seeder leaves, and does it matter where the seeder stays?',
  swarm: {
    torrent: { lengthBytes, pieceBytes },
    // A swarm without the last pieces never ends.
    untilMs: 1_800_000,
    groups: [
      {
        name: 'seeder',
        count: 1,
        has: 'all',
        upBytesPerSecond: 400 * kbit,
        downBytesPerSecond: 1_500 * kbit,
        // As long as it needs to give two copies and a quarter.
        leave: { sessionMs: ((2.25 * lengthBytes) / (400 * kbit)) * 1_000 },
        uploadSlots: 5,
      },
      {
        name: 'peers',
        count: 16,
        upBytesPerSecond: 100 * kbit,
        downBytesPerSecond: 375 * kbit,
        arrive: { overMs: 10_000 },
        uploadSlots: 5,
      },
    ],
  },
  strategies: Object.entries(seeders).flatMap(([seeder, groups]) =>
    ['rarest-first', 'random', 'sequential'].map((picker) => ({
      name: seeder === 'leaves early' ? picker : `${picker} + ${seeder} seeder`,
      picker,
      groups,
      source,
    })),
  ),
  seeds: 6,
  metrics: ['finished', 'all-out', 'peer-upload-use', 'completion-median', 'seeder-copies', 'fairness-giving'],
  quick: { seeds: 2 },
})

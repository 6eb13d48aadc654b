import chokers from '@bitloom/chokers'
import { scenario } from '@bitloom/lab'

const KiB = 1024
const MiB = 1024 * KiB
/** Bytes a second of one kbit/s. */
const kbit = 125

const plugins = () => [chokers()]

export default scenario({
  name: 'free-riders-2006',
  summary:
    'Free riders with fast lines (Legout, Urvoy-Keller, Michiardi, IMC 2006): tit-for-tat with a seeder that serves in turn, or with one that serves the fastest.',
  swarm: {
    torrent: { lengthBytes: 8 * MiB, pieceBytes: 64 * KiB },
    groups: [
      {
        name: 'seeder',
        count: 1,
        has: 'all',
        upBytesPerSecond: 1_600 * kbit,
        downBytesPerSecond: 6_000 * kbit,
        uploadSlots: 4,
      },
      {
        name: 'givers',
        count: 16,
        upBytesPerSecond: 400 * kbit,
        downBytesPerSecond: 1_500 * kbit,
        arrive: { overMs: 10_000 },
        leave: 'when-whole',
        uploadSlots: 4,
      },
      {
        name: 'riders',
        count: 6,
        upBytesPerSecond: 400 * kbit,
        downBytesPerSecond: 6_000 * kbit,
        arrive: { overMs: 10_000 },
        behaviour: 'free-rider',
      },
    ],
  },
  strategies: [
    {
      name: 'no riders',
      summary: 'The same swarm without them',
      choker: 'tit-for-tat',
      groups: { riders: { count: 0 } },
    },
    {
      name: 'seeder in turn',
      summary: 'The seeder of today: every peer has its turn',
      choker: 'tit-for-tat',
      source: 'Legout, Urvoy-Keller, Michiardi, “Rarest first and choke algorithms are enough”, IMC 2006',
    },
    {
      name: 'seeder fastest first',
      summary: 'The seeder of before: whoever takes fastest',
      choker: 'tit-for-tat',
      groups: { seeder: { choker: 'rate-based', plugins } },
      source: 'libtorrent, seed_choking_algorithm = fastest_upload',
    },
  ],
  seeds: 8,
  metrics: ['completion-median', 'completion-p95', 'speed', 'share-ratio', 'seeder-copies'],
  quick: { seeds: 2, torrent: { lengthBytes: 4 * MiB, pieceBytes: 64 * KiB }, counts: { givers: 14, riders: 5 } },
})

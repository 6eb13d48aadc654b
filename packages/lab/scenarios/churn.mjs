import { scenario } from '@bitloom/lab'

const KiB = 1024
const MiB = 1024 * KiB

export default scenario({
  name: 'churn',
  summary:
    'Peers come all the time; some give up half way without a word, the others leave soon after they are whole. What do they leave behind?',
  swarm: {
    torrent: { lengthBytes: 8 * MiB, pieceBytes: 128 * KiB },
    groups: [
      { name: 'seeder', count: 1, has: 'all', upBytesPerSecond: 192 * KiB, downBytesPerSecond: MiB },
      {
        name: 'stayers',
        count: 16,
        upBytesPerSecond: 128 * KiB,
        downBytesPerSecond: MiB,
        arrive: { poissonPerMinute: 12 },
        leave: { afterWholeMs: 10_000 },
      },
      {
        name: 'quitters',
        count: 12,
        upBytesPerSecond: 128 * KiB,
        downBytesPerSecond: MiB,
        arrive: { poissonPerMinute: 9 },
        leave: { sessionMs: 30_000 },
      },
    ],
    network: { jitterMs: 20, lossPerHour: 6 },
  },
  measure: ['stayers'],
  strategies: [
    { name: 'rarest-first', picker: 'rarest-first' },
    { name: 'random', picker: 'random' },
    { name: 'sequential', picker: 'sequential' },
  ],
  seeds: 10,
  metrics: ['completion-median', 'completion-p95', 'availability', 'seeder-copies', 'share-ratio', 'waste'],
  quick: { seeds: 3, torrent: { lengthBytes: 4 * MiB, pieceBytes: 128 * KiB }, counts: { stayers: 6, quitters: 4 } },
})

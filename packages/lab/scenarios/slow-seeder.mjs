import { scenario } from '@bitloom/lab'

const KiB = 1024
const MiB = 1024 * KiB

export default scenario({
  name: 'slow-seeder',
  summary:
    'The only seeder is slower than any downloader: each copy of a piece it sends twice is time lost for everybody.',
  swarm: {
    torrent: { lengthBytes: 8 * MiB, pieceBytes: 128 * KiB },
    groups: [
      { name: 'seeder', count: 1, has: 'all', upBytesPerSecond: 64 * KiB, downBytesPerSecond: 256 * KiB },
      { name: 'peers', count: 20, upBytesPerSecond: 256 * KiB, downBytesPerSecond: MiB, arrive: { overMs: 5000 } },
    ],
  },
  strategies: [
    { name: 'rarest-first', picker: 'rarest-first' },
    { name: 'random', picker: 'random' },
    { name: 'sequential', picker: 'sequential' },
  ],
  seeds: 10,
  metrics: ['completion-median', 'completion-p95', 'seeder-copies', 'upload-use', 'availability', 'fairness-giving'],
  quick: { seeds: 3, torrent: { lengthBytes: 4 * MiB, pieceBytes: 128 * KiB }, counts: { peers: 8 } },
})

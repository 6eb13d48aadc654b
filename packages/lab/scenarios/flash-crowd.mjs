import { scenario } from '@bitloom/lab'

const KiB = 1024
const MiB = 1024 * KiB

export default scenario({
  name: 'flash-crowd',
  summary: 'Everybody comes at once, and one seeder has all of it: how soon can the downloaders help each other?',
  swarm: {
    torrent: { lengthBytes: 16 * MiB, pieceBytes: 256 * KiB },
    groups: [
      { name: 'seeder', count: 1, has: 'all', upBytesPerSecond: 512 * KiB, downBytesPerSecond: MiB },
      {
        name: 'peers',
        count: 24,
        upBytesPerSecond: 256 * KiB,
        downBytesPerSecond: 2 * MiB,
        arrive: { overMs: 10_000 },
      },
    ],
  },
  strategies: [
    { name: 'rarest-first', picker: 'rarest-first' },
    { name: 'random', picker: 'random' },
    { name: 'sequential', picker: 'sequential' },
  ],
  seeds: 10,
  quick: { seeds: 3, torrent: { lengthBytes: 4 * MiB, pieceBytes: 128 * KiB }, counts: { peers: 8 } },
})

import { scenario } from '@bitloom/lab'
import piecePicker from '@bitloom/piece-picker'

const KiB = 1024
const MiB = 1024 * KiB
const bytesPerSecond = 96 * KiB

export default scenario({
  name: 'streaming',
  summary: 'Everybody watches while it downloads: who starts soon, and who has to wait in between?',
  swarm: {
    torrent: { lengthBytes: 16 * MiB, pieceBytes: 128 * KiB },
    groups: [
      { name: 'seeder', count: 1, has: 'all', upBytesPerSecond: 512 * KiB, downBytesPerSecond: MiB },
      {
        name: 'viewers',
        count: 16,
        upBytesPerSecond: 160 * KiB,
        downBytesPerSecond: MiB,
        arrive: { overMs: 60_000 },
        playback: { bytesPerSecond },
      },
    ],
  },
  strategies: [
    { name: 'rarest-first', picker: 'rarest-first' },
    { name: 'sequential', picker: 'sequential' },
    {
      name: 'streaming',
      picker: 'streaming',
      summary: 'What is due soon in order, the rest rarest first',
      source: 'Vlavianos, Iliofotou, Faloutsos, “BiToS”, Global Internet Symposium 2006',
      plugins: () => [piecePicker({ streaming: { bytesPerSecond } })],
    },
  ],
  seeds: 10,
  metrics: ['startup', 'stalls', 'stalled', 'completion-median', 'seeder-copies', 'fairness-giving'],
  quick: { seeds: 3, torrent: { lengthBytes: 4 * MiB, pieceBytes: 128 * KiB }, counts: { viewers: 6 } },
})

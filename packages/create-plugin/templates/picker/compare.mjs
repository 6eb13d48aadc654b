// npm run compare: this picker beside rarest-first, in a simulated swarm of sixteen that come within half a minute.
import { scenario } from '@bitloom/lab'
import myPicker from './dist/index.js'

const KiB = 1024
const MiB = 1024 * KiB

export default scenario({
  name: 'my-picker',
  summary: 'Sixteen peers come within half a minute to one seeder, and play what they download',
  swarm: {
    torrent: { lengthBytes: 4 * MiB, pieceBytes: 64 * KiB },
    groups: [
      { name: 'seeder', count: 1, has: 'all', upBytesPerSecond: 512 * KiB, downBytesPerSecond: MiB },
      {
        name: 'viewers',
        count: 16,
        upBytesPerSecond: 160 * KiB,
        downBytesPerSecond: MiB,
        arrive: { overMs: 30_000 },
        playback: { bytesPerSecond: 96 * KiB },
      },
    ],
  },
  strategies: [
    { name: 'rarest-first', picker: 'rarest-first' },
    { name: 'my-picker', picker: 'my-picker', plugins: () => [myPicker()] },
  ],
  seeds: 5,
  metrics: ['startup', 'stalls', 'stalled', 'completion-median', 'seeder-copies'],
})

import { scenario } from '@bitloom/lab'

const KiB = 1024
const MiB = 1024 * KiB

export default scenario({
  name: 'bad-peer',
  summary:
    'One peer says it has everything and sends rubbish, another takes requests and never answers: what does it cost the others?',
  swarm: {
    torrent: { lengthBytes: 8 * MiB, pieceBytes: 128 * KiB },
    groups: [
      { name: 'seeder', count: 1, has: 'all', upBytesPerSecond: 256 * KiB, downBytesPerSecond: MiB },
      { name: 'peers', count: 14, upBytesPerSecond: 128 * KiB, downBytesPerSecond: MiB, arrive: { overMs: 5000 } },
      { name: 'liar', count: 1, upBytesPerSecond: MiB, downBytesPerSecond: MiB, behaviour: 'corrupt' },
      { name: 'mute', count: 1, upBytesPerSecond: MiB, downBytesPerSecond: MiB, behaviour: 'silent' },
    ],
  },
  strategies: [
    {
      name: 'without them',
      summary: 'rarest-first, and the two bad peers stay away',
      picker: 'rarest-first',
      groups: { liar: { count: 0 }, mute: { count: 0 } },
    },
    { name: 'rarest-first', picker: 'rarest-first' },
    { name: 'random', picker: 'random' },
    { name: 'sequential', picker: 'sequential' },
  ],
  seeds: 10,
  metrics: ['completion-median', 'completion-p95', 'finished', 'waste', 'first-piece', 'seeder-copies'],
  quick: { seeds: 3, torrent: { lengthBytes: 4 * MiB, pieceBytes: 128 * KiB }, counts: { peers: 6 } },
})

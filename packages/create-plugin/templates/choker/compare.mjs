// npm run compare: this choker beside tit-for-tat, in a simulated swarm where one peer in four gives nothing.
import { scenario } from '@bitloom/lab'
import myChoker from './dist/index.js'

const KiB = 1024
const MiB = 1024 * KiB
const peer = { upBytesPerSecond: 160 * KiB, downBytesPerSecond: MiB, uploadSlots: 4, arrive: { overMs: 10_000 } }
const mine = { choker: 'my-choker', plugins: () => [myChoker()] }

export default scenario({
  name: 'my-choker',
  summary: 'Twelve honest peers and four free riders share one seeder',
  swarm: {
    torrent: { lengthBytes: 4 * MiB, pieceBytes: 64 * KiB },
    groups: [
      { ...peer, name: 'seeder', count: 1, has: 'all', arrive: { atMs: 0 } },
      { ...peer, name: 'honest', count: 12 },
      { ...peer, name: 'free-riders', count: 4, behaviour: 'free-rider' },
    ],
  },
  strategies: [
    { name: 'tit-for-tat', choker: 'tit-for-tat' },
    // Seeders choke too.
    { name: 'my-choker', ...mine, groups: { seeder: mine } },
  ],
  seeds: 5,
})

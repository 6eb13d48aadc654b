import chokers from '@bitloom/chokers'
import { scenario } from '@bitloom/lab'

const KiB = 1024
const MiB = 1024 * KiB

const uploadBytesPerSecond = 128 * KiB

/**
 * Everybody but the free riders, the seeder too, uses this choker.
 * @param {string} choker
 * @param {string} source
 */
function all(choker, source) {
  const plugins = () => [chokers({ uploadBytesPerSecond })]
  return { name: choker, source, choker, plugins, groups: { seeder: { choker, plugins } } }
}

export default scenario({
  name: 'free-riders',
  summary: 'A third of the downloaders give nothing: do they get as much as those who give?',
  swarm: {
    torrent: { lengthBytes: 16 * MiB, pieceBytes: 128 * KiB },
    groups: [
      {
        name: 'seeder',
        count: 1,
        has: 'all',
        // Enough that the downloaders' own upload is what is short, or nobody could be told from anybody.
        upBytesPerSecond: 512 * KiB,
        downBytesPerSecond: MiB,
        uploadSlots: 4,
      },
      {
        name: 'givers',
        count: 16,
        upBytesPerSecond: uploadBytesPerSecond,
        downBytesPerSecond: MiB,
        arrive: { overMs: 5000 },
        uploadSlots: 4,
      },
      {
        name: 'riders',
        count: 8,
        upBytesPerSecond: uploadBytesPerSecond,
        downBytesPerSecond: MiB,
        arrive: { overMs: 5000 },
        behaviour: 'free-rider',
      },
    ],
  },
  strategies: [
    { name: 'tit-for-tat', choker: 'tit-for-tat', source: 'Cohen, “Incentives build robustness in BitTorrent”, 2003' },
    all('rate-based', 'libtorrent, rate_based_choker'),
    all('round-robin', 'libtorrent, seed_choking_algorithm = round_robin'),
    all('anti-leech', 'Chow, Golubchik, Misra, “Improving BitTorrent: a simple approach”, IPTPS 2008'),
    all('bit-tyrant', 'Piatek and others, “Do incentives build robustness in BitTorrent?”, NSDI 2007'),
    all('prop-share', 'Levin and others, “BitTorrent is an auction”, SIGCOMM 2008'),
  ],
  seeds: 6,
  metrics: ['completion-median', 'completion-p95', 'speed', 'finished', 'share-ratio', 'seeder-copies'],
  quick: { seeds: 2, torrent: { lengthBytes: 4 * MiB, pieceBytes: 128 * KiB }, counts: { givers: 6, riders: 3 } },
})

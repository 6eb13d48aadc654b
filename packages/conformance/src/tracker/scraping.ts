import type { ScrapeAnswer } from '@bitloom/core'
import { broken, expectSame, expectThat, show } from '../kit/expect.js'
import { within } from '../kit/settle.js'
import { identityOf, never, type TrackerBench, type TrackerGuarantee } from './bench.js'

/** What it promises about scrapes; `skip` = why it is not asked. */
export function scraping(skip: string | undefined): readonly TrackerGuarantee[] {
  const statistics = (infoHash: Uint8Array): ScrapeAnswer => ({
    infoHash,
    seeders: infoHash[0] ?? 0,
    leechers: infoHash[1] ?? 0,
    completed: infoHash[2] ?? 0,
  })
  const scrape = (
    bench: TrackerBench,
    url: string,
    infoHashes: readonly Uint8Array[],
  ): Promise<readonly ScrapeAnswer[]> =>
    bench.client.scrape?.(url, infoHashes, never) ?? broken('it has no scrape: set the option "scrapes" to false')
  const textOf = ({ infoHash, seeders, leechers, completed }: ScrapeAnswer): string =>
    show({ infoHash, seeders, leechers, completed: completed ?? 'unknown' })
  return [
    {
      name: 'scrape: the statistics of 74 torrents, each its own',
      skip,
      async run(bench) {
        const { url } = await bench.serve({ scrape: (infoHashes) => infoHashes.map(statistics) })
        for (const count of [1, 3, 74]) {
          const infoHashes = Array.from({ length: count }, (_, seed) => identityOf(seed).infoHash)
          const answers = await within(scrape(bench, url, infoHashes), `scrape of ${count}`)
          const expected = infoHashes.map((infoHash) => textOf(statistics(infoHash))).sort()
          const came = answers.map((answer) =>
            textOf({ ...answer, completed: answer.completed ?? statistics(answer.infoHash).completed ?? 0 }),
          )
          expectSame(came.sort(), expected, `scrape of ${count} torrents`)
        }
      },
    },
    {
      name: 'scrape: torrents the tracker does not know are absent, or have nobody',
      skip,
      async run(bench) {
        const [known, unknown] = [identityOf(1).infoHash, identityOf(2).infoHash]
        const { url } = await bench.serve({
          scrape: (infoHashes) =>
            infoHashes.map((infoHash) => (infoHash[0] === known[0] ? statistics(infoHash) : undefined)),
        })
        const answers = await within(scrape(bench, url, [unknown, known]), 'scrape')
        for (const { infoHash, seeders, leechers } of answers) {
          if (infoHash[0] === known[0])
            expectSame([seeders, leechers], [known[0], known[1]], 'statistics of the torrent it knows')
          else expectSame([seeders, leechers], [0, 0], 'statistics of the torrent it does not know')
        }
        expectThat(
          answers.some(({ infoHash }) => infoHash[0] === known[0]),
          'the torrent it knows is absent',
        )
      },
    },
    {
      name: 'scrape: of nothing is nothing, and where no tracker is it is TRACKER_UNREACHABLE',
      skip,
      async run(bench) {
        const { url } = await bench.serve()
        expectSame(await within(scrape(bench, url, []), 'scrape of nothing'), [], 'scrape of nothing')
        await bench.stop(url)
        const call = scrape(bench, url, [identityOf(1).infoHash])
        await bench.expectTrackerError(call, 'a scrape where nobody listens', ['TRACKER_UNREACHABLE'])
      },
    },
  ]
}

import { TrackerError, type ScrapeAnswer, redactUrl } from '@bitloom/core'
import { CliError, sentenceOf } from '../exit-codes.js'
import { hex, printable } from '../output.js'
import { type ProbeOptions, type ProbeOutcome, askTrackers, probeExit, probeTarget, withHost } from '../probe.js'
import type { Runtime } from '../runtime.js'

/** `scrape ID`: how many seed and download a torrent, by each of its trackers. 3 when no tracker knows it. */
export async function scrape(runtime: Runtime, [id = '']: readonly string[], options: ProbeOptions): Promise<number> {
  const target = await probeTarget(id, options, runtime)
  const outcomes = await withHost(runtime, (host) =>
    askTrackers(host, target, options.timeout, runtime.stop.signal, async (client, url, signal) => {
      if (client.scrape === undefined) {
        throw new TrackerError('TRACKER_UNSUPPORTED', `Trackers such as ${redactUrl(url)} cannot be scraped`)
      }
      const answers = await client.scrape(url, [target.infoHash], signal)
      return answers.find(({ infoHash }) => hex(infoHash) === hex(target.infoHash))
    }),
  )
  runtime.output.document({ infoHash: hex(target.infoHash), trackers: outcomes.map(outcomeFields) })
  runtime.output.result(outcomes.map(outcomeText).join('\n'))
  probeExit(outcomes, runtime.stop.signal)
  if (outcomes.some(({ answer }) => answer !== undefined)) return 0
  throw new CliError('NOT_FOUND', `No tracker knows the torrent ${hex(target.infoHash)}`)
}

type Outcome = ProbeOutcome<ScrapeAnswer | undefined>

function outcomeFields({ url, answer, error }: Outcome): Record<string, unknown> {
  if (error !== undefined) return { url, state: 'error', message: sentenceOf(error) }
  if (answer === undefined) return { url, state: 'unknown' }
  const { seeders, leechers, completed } = answer
  return { url, state: 'ok', seeders, leechers, completed }
}

function outcomeText({ url, answer, error }: Outcome): string {
  if (error !== undefined) return `${url}: ${printable(sentenceOf(error))}`
  if (answer === undefined) return `${url}: does not know the torrent`
  const completed = answer.completed === undefined ? '' : `, completed ${answer.completed} times`
  return `${url}: ${answer.seeders} seeders, ${answer.leechers} leechers${completed}`
}

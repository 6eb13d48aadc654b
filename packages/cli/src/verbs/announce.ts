import { type AnnounceAnswer, type AnnounceEvent, formatEndpoint } from '@bitloom/core'
import { sentenceOf } from '../exit-codes.js'
import { hex, printable } from '../output.js'
import {
  type ProbeOptions,
  type ProbeOutcome,
  announceAll,
  probeExit,
  probeIdentity,
  probeTarget,
  withHost,
} from '../probe.js'
import type { Runtime } from '../runtime.js'

interface AnnounceOptions extends ProbeOptions {
  readonly event: AnnounceEvent | 'none'
  readonly port?: number
  readonly numWant?: number
}

/** `announce ID`: one announce to each tracker, and what they answered. */
export async function announce(
  runtime: Runtime,
  [id = '']: readonly string[],
  options: AnnounceOptions,
): Promise<number> {
  const target = await probeTarget(id, options, runtime)
  const event = options.event === 'none' ? undefined : options.event
  const shape = { event, port: options.port ?? 6881, numWant: options.numWant ?? 50 }
  const outcomes = await withHost(runtime, (host) =>
    announceAll(host, target, options, runtime.stop.signal, shape, probeIdentity(host)),
  )
  runtime.output.document({ infoHash: hex(target.infoHash), trackers: outcomes.map(outcomeFields) })
  runtime.output.result(outcomes.map(outcomeText).join('\n'))
  return probeExit(outcomes, runtime.stop.signal)
}

function outcomeFields({ url, answer, error }: ProbeOutcome<AnnounceAnswer>): Record<string, unknown> {
  if (answer === undefined) return { url, state: 'error', message: sentenceOf(error) }
  return {
    url,
    state: 'ok',
    seeders: answer.seeders,
    leechers: answer.leechers,
    intervalSeconds: answer.intervalMs === undefined ? undefined : answer.intervalMs / 1000,
    minIntervalSeconds: answer.minIntervalMs === undefined ? undefined : answer.minIntervalMs / 1000,
    externalIp: answer.externalIp,
    message: answer.warning,
    peers: answer.peers.map(formatEndpoint),
  }
}

function outcomeText({ url, answer, error }: ProbeOutcome<AnnounceAnswer>): string {
  if (answer === undefined) return `${url}: ${printable(sentenceOf(error))}`
  const count = (value: number | undefined): string => (value === undefined ? '?' : String(value))
  const interval = answer.intervalMs === undefined ? '' : `, again in ${answer.intervalMs / 1000} s`
  const warning = answer.warning === undefined ? '' : `\n  warning: ${printable(answer.warning)}`
  const peers = answer.peers.map((peer) => `\n  ${formatEndpoint(peer)}`).join('')
  return `${url}: ${count(answer.seeders)} seeders, ${count(answer.leechers)} leechers${interval}${warning}${peers}`
}

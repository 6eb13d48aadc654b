import { createTracker, parseAllowList, type ListenAt, type TrackerEvent } from '@bitloom/tracker-server'
import { formatEndpoint } from '@bitloom/core'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { CliError, sentenceOf } from '../exit-codes.js'
import type { HostPort } from '../options.js'
import type { Runtime } from '../runtime.js'
import type { tracker as trackerSettings, Values } from '../settings/schema.js'
import { aborted } from '../stop.js'

/** `tracker`: runs until stopped. */
export async function tracker(
  runtime: Runtime,
  _operands: readonly string[],
  options: Values<typeof trackerSettings>,
): Promise<number> {
  const { output, log, stop } = runtime
  const allow = options.allow === undefined ? undefined : await readAllowList(resolve(runtime.cwd, options.allow))
  const http = listenAt(options.http)
  const udp = listenAt(options.udp)
  const running = await createTracker({
    ...(http === undefined ? {} : { http }),
    ...(udp === undefined ? {} : { udp }),
    ...(options.interval === undefined ? {} : { intervalSeconds: Math.max(1, Math.round(options.interval / 1000)) }),
    ...(allow === undefined ? {} : { allow }),
    on: (event) => log.info(eventText(event)),
  })
  stop.exitCode = 0
  output.event({
    event: 'listening',
    addresses: running.addresses.map(({ at, url }) => ({ host: at.host, port: at.port, url })),
  })
  for (const { url } of running.addresses) output.result(`Tracking at ${url}`)
  await aborted(stop.signal)
  await running.close()
  return 0
}

function listenAt(at: HostPort | false | undefined): ListenAt | false | undefined {
  if (at === undefined || at === false) return at
  return at.host === undefined ? { port: at.port } : { host: at.host, port: at.port }
}

async function readAllowList(path: string): Promise<Set<string>> {
  const text = await readFile(path, 'utf8')
  try {
    return parseAllowList(text)
  } catch (cause) {
    throw new CliError('USAGE', `${path}: ${sentenceOf(cause)}`, { path, cause })
  }
}

function eventText(event: TrackerEvent): string {
  switch (event.type) {
    case 'announce':
      return `${event.protocol} announce ${event.event ?? 'regular'} of ${event.infoHash} by ${formatEndpoint(event.peer)}, left ${event.left ?? '?'}: ${event.peers} peers told`
    case 'scrape':
      return `${event.protocol} scrape of ${event.torrents} torrents by ${event.from}`
    case 'refused':
      return `${event.protocol} refused ${event.from}: ${event.reason}`
    case 'error':
      return `${event.protocol} failed: ${sentenceOf(event.error)}`
  }
}

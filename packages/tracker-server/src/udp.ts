import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { ConnectionIds } from './connection-ids.js'
import { boundEndpoint, type Door, sourceHost } from './listening.js'
import type { TrackerService } from './service.js'
import { readRequest, type UdpRequest, writeAnnounce, writeConnect, writeError, writeScrape } from './udp-protocol.js'

/** A UDP tracker (BEP 15) at one address; "::" serves IPv4 too. Rejects with the system's error when it cannot listen. */
export async function openUdp(
  service: TrackerService,
  ids: ConnectionIds,
  nowMs: () => number,
  host: string,
  port: number,
): Promise<Door> {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
  await bind(socket, host, port)
  socket.on('error', (error) => service.fault(error, 'udp'))
  socket.on('message', (packet, from) => {
    try {
      const reply = answer(service, ids, nowMs(), packet, from)
      if (reply !== undefined) socket.send(reply, from.port, from.address, () => {})
    } catch (error) {
      service.fault(error, 'udp')
    }
  })
  const bound = socket.address()
  let closing: Promise<void> | undefined
  return {
    at: boundEndpoint(bound.address, bound.port),
    close: () => (closing ??= new Promise((resolve) => socket.close(resolve))),
  }
}

async function bind(socket: Socket, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const fail = (error: Error): void => {
      socket.close()
      reject(error)
    }
    socket.once('error', fail)
    socket.bind({ address: host, port, exclusive: true }, () => {
      socket.removeListener('error', fail)
      resolve()
    })
  })
}

/**
 * The reply to a packet. Until the sender has shown a connection id, which proves that it receives at its address,
 * no reply is longer than its packet: the tracker cannot be used to flood somebody else.
 */
function answer(
  service: TrackerService,
  ids: ConnectionIds,
  nowMs: number,
  packet: Uint8Array,
  from: RemoteInfo,
): Uint8Array | undefined {
  const host = sourceHost(from.address)
  if (host === undefined || from.port === 0) return undefined
  const request = readRequest(packet, host)
  if (request === undefined) return undefined
  const { transaction } = request
  if (request.kind === 'connect') return writeConnect(transaction, ids.issue(host, nowMs))
  if (!ids.isValid(request.connectionId, host, nowMs)) {
    const refusal = service.refuse('connection id expired', host, 'udp')
    const reply = writeError(transaction, refusal.failure)
    return reply.length <= packet.length ? reply : undefined
  }
  return serve(service, request, host)
}

function serve(service: TrackerService, request: Exclude<UdpRequest, { kind: 'connect' }>, host: string): Uint8Array {
  const { transaction } = request
  if (request.kind === 'scrape') {
    const rows = new Map(service.scrape(request.infoHashes, host, 'udp').map((row) => [row.infoHash, row]))
    const unknown = { seeds: 0, leechers: 0, completed: 0 }
    return writeScrape(
      transaction,
      request.infoHashes.map((infoHash) => rows.get(infoHash) ?? unknown),
    )
  }
  const outcome = service.announce(request.announce, 'udp')
  if ('failure' in outcome) return writeError(transaction, outcome.failure)
  return writeAnnounce(transaction, outcome, service.intervalSeconds, host.includes(':') ? 6 : 4)
}

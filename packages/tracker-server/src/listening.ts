import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { BitloomError, formatEndpoint, formatIp, type IpEndpoint, ipEndpoint, parseIp } from '@bitloom/core'
import type { TrackerProtocol } from './service.js'

/** One open door of the tracker. */
export interface Door {
  readonly at: IpEndpoint
  /** Ends every connection. Idempotent. */
  close(): Promise<void>
}

/** Where to listen. Without a host: all addresses of this machine, IPv4 and IPv6. */
export interface ListenAt {
  readonly host?: string
  /** 0 = any free one. */
  readonly port: number
}

/** The addresses to try, best first: without a host both families by one socket, or IPv4 where there is no IPv6. */
export async function candidates(at: ListenAt): Promise<readonly string[]> {
  if (at.host === undefined) return ['::', '0.0.0.0']
  if (isIP(at.host) !== 0) return [at.host]
  try {
    return [(await lookup(at.host)).address]
  } catch (cause) {
    throw new BitloomError('INVALID_ARGUMENT', `The host ${at.host} to listen at has no address.`, { cause })
  }
}

/** Opens a door at the first address that the system has. */
export async function openFirst(
  protocol: TrackerProtocol,
  at: ListenAt,
  open: (host: string, port: number) => Promise<Door>,
): Promise<Door> {
  const hosts = await candidates(at)
  for (const [index, host] of hosts.entries()) {
    try {
      return await open(host, at.port)
    } catch (error) {
      const familyIsMissing = ['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EINVAL'].includes(codeOf(error))
      if (index < hosts.length - 1 && familyIsMissing) continue
      throw listenError(protocol, host, at.port, error)
    }
  }
  throw new BitloomError('INVALID_ARGUMENT', 'There is no address to listen at.')
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

function listenError(protocol: TrackerProtocol, host: string, port: number, cause: unknown): BitloomError {
  const address = `${formatEndpoint({ kind: 'ip', host, port })} (${protocol})`
  switch (codeOf(cause)) {
    case 'EADDRINUSE':
      return new BitloomError('ADDRESS_IN_USE', `The address ${address} is taken by another program.`, { cause })
    case 'EACCES':
      return new BitloomError('DENIED', `Listening at ${address} is not permitted.`, { cause })
    default:
      return new BitloomError('INVALID_ARGUMENT', `Listening at ${address} is not possible.`, { cause })
  }
}

/** The address a packet or connection came from: canonical, IPv4-mapped IPv6 as IPv4, without a zone. */
export function sourceHost(address: string | undefined): string | undefined {
  const bytes = parseIp(address?.split('%')[0] ?? '')
  return bytes === undefined ? undefined : formatIp(bytes)
}

/** A bound address as an endpoint. */
export function boundEndpoint(address: string, port: number): IpEndpoint {
  return ipEndpoint(address, port) ?? { kind: 'ip', host: address, port }
}

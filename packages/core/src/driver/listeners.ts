import { BitloomError, isBitloomError } from '../bytes/errors.js'
import type { IpEndpoint } from '../ports/endpoint.js'
import type { Connection, Listening, Transport } from '../ports/transport.js'

export interface ListenOptions {
  readonly hosts?: readonly string[]
  readonly ports?: readonly number[]
}

const usualHosts = ['0.0.0.0', '::']
const usualPorts = [6881, 6882, 6883, 6884, 6885, 6886, 6887, 6888, 6889]

/**
 * Opens one port on all hosts; the first port that is free on every one of them. A family that the machine lacks is left
 * out. @throws BitloomError ADDRESS_IN_USE naming the ports
 */
export async function openListeners(
  transport: Transport,
  options: ListenOptions,
  accept: (connection: Connection) => void,
): Promise<readonly Listening[]> {
  const hosts = options.hosts ?? usualHosts
  const ports = options.ports ?? usualPorts
  for (const port of ports) {
    const opened = await openPort(transport, hosts, port, accept)
    if (opened !== undefined) return opened
  }
  const where = ports.length === 1 ? `port ${ports[0]}` : `ports ${ports[0]} to ${ports.at(-1)}`
  throw new BitloomError('ADDRESS_IN_USE', `cannot listen: ${where} on ${hosts.join(' and ')} in use`)
}

/** `undefined` = taken on one of the hosts. */
async function openPort(
  transport: Transport,
  hosts: readonly string[],
  port: number,
  accept: (connection: Connection) => void,
): Promise<readonly Listening[] | undefined> {
  const opened: Listening[] = []
  let fault: unknown
  for (const host of hosts) {
    const at: IpEndpoint = { kind: 'ip', host, port: opened[0]?.at.port ?? port }
    try {
      const listening = await transport.listen?.(at, accept)
      if (listening !== undefined) opened.push(listening)
    } catch (error) {
      if (isBitloomError(error) && error.code === 'ADDRESS_IN_USE') {
        await Promise.all(opened.map((listening) => listening.close()))
        return undefined
      }
      fault = error
    }
  }
  if (opened.length === 0 && fault !== undefined) throw fault
  return opened
}

import { TrackerError, ipScope } from '@bitloom/core'

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * The proxy for a URL, or `undefined` for a direct connection: `fixed` if given (`false` = none), else `http_proxy` or
 * `https_proxy`, then `all_proxy`, in either case of letters. `no_proxy` lists hosts, optionally with a port; a host
 * covers the names below it, `*` is all. The own machine is never asked for through a proxy, as in curl and Go.
 * @throws TrackerError TRACKER_UNREACHABLE if the variable holds no http or https URL
 */
export function proxyFor(url: URL, fixed: string | false | undefined, environment: Environment): string | undefined {
  if (fixed === false || isOwnMachine(url)) return undefined
  const scheme = url.protocol.slice(0, -1)
  const proxy = fixed ?? (read(environment, `${scheme}_proxy`) || read(environment, 'all_proxy'))
  if (proxy === undefined || proxy === '' || isExcepted(url, read(environment, 'no_proxy') ?? '')) return undefined
  const full = proxy.includes('://') ? proxy : `http://${proxy}`
  if (URL.canParse(full) && /^https?:/i.test(full)) return full
  const message = `the proxy for ${scheme} trackers in the environment is no http or https URL`
  throw new TrackerError('TRACKER_UNREACHABLE', message)
}

function read(environment: Environment, name: string): string | undefined {
  return (environment[name] ?? environment[name.toUpperCase()])?.trim()
}

function isOwnMachine(url: URL): boolean {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  return host === 'localhost' || host.endsWith('.localhost') || ipScope(host) === 'loopback'
}

function isExcepted(url: URL, list: string): boolean {
  const host = url.hostname.toLowerCase()
  const port = url.port || (url.protocol === 'https:' ? '443' : '80')
  return list.split(/[,\s]+/).some((entry) => {
    if (entry === '*') return true
    const [, name = entry, entryPort] = /^(.+?):(\d+)$/.exec(entry) ?? []
    const bare = name.toLowerCase().replace(/^\*?\./, '')
    if (bare === '' || (entryPort !== undefined && entryPort !== port)) return false
    return host === bare || host.endsWith(`.${bare}`)
  })
}

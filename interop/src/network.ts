import { spawnSync } from 'node:child_process'

/** A host of the test network: a namespace with one address. */
export interface Host {
  readonly namespace: string
  readonly ip: string
}

/** Two hosts joined by one cable; nothing else is reachable from them. Some clients refuse peers on loopback. */
export interface Network {
  readonly left: Host
  readonly right: Host
  close(): void
}

function ip(...args: string[]): boolean {
  return spawnSync('ip', args, { stdio: 'ignore' }).status === 0
}

function must(...args: string[]): void {
  if (!ip(...args)) throw new Error(`ip ${args.join(' ')} failed`)
}

/** May this process make network namespaces? */
export function networkAvailable(): boolean {
  const name = `bitloom-${process.pid}-try`
  const made = ip('netns', 'add', name)
  if (made) ip('netns', 'del', name)
  return made
}

/** Makes the two hosts, 10.77.0.1 and 10.77.0.2. The names hold the process id, so that test runs do not meet. */
export function openNetwork(): Network {
  dropAbandoned()
  const hosts = ['left', 'right'].map((side, index) => {
    const namespace = `bitloom-${process.pid}-${side}`
    ip('netns', 'del', namespace)
    must('netns', 'add', namespace)
    return { namespace, ip: `10.77.0.${index + 1}` }
  })
  const [left, right] = hosts as [Host, Host]
  const close = (): void => {
    process.off('exit', close)
    for (const host of hosts) ip('netns', 'del', host.namespace)
  }
  process.once('exit', close)
  must(
    'link',
    'add',
    'cable',
    'netns',
    left.namespace,
    'type',
    'veth',
    'peer',
    'name',
    'cable',
    'netns',
    right.namespace,
  )
  for (const host of hosts) {
    must('-n', host.namespace, 'addr', 'add', `${host.ip}/24`, 'dev', 'cable')
    must('-n', host.namespace, 'link', 'set', 'lo', 'up')
    must('-n', host.namespace, 'link', 'set', 'cable', 'up')
  }
  return { left, right, close }
}

/** Removes what a killed test run left. */
function dropAbandoned(): void {
  const { stdout } = spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' })
  for (const [namespace, pid] of (stdout ?? '').matchAll(/bitloom-(\d+)-\w+/g)) {
    if (!isAlive(Number(pid))) ip('netns', 'del', namespace)
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

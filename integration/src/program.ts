import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { IpEndpoint } from '@bitloom/core'

/** What `programs/torrent.js` is given. */
export interface Job {
  readonly torrent: string
  readonly directory: string
  readonly peers?: readonly IpEndpoint[]
  readonly trackers?: readonly string[]
  readonly stateDirectory?: string
  readonly tellPieces?: boolean
  readonly closeAfterPieces?: number
  readonly extensions?: boolean
  readonly writeBytesPerSecond?: number
  readonly maxPeers?: number
}

/** One line that the program prints. */
export interface ProgramEvent {
  readonly event: 'ready' | 'piece' | 'completed' | 'ended' | 'failed' | 'closing' | 'closed' | 'figures'
  readonly state?: string
  /** Those that are there. */
  readonly pieces?: number
  readonly receivedBytes?: number
  readonly at?: IpEndpoint
  readonly maxOpenFiles?: number
  readonly message?: string
  readonly tookMs?: number
  /** Hex. */
  readonly peerId?: string
  readonly peakRssBytes?: number
  /** By how much the event loop was late. */
  readonly loopP99Ms?: number
  readonly loopMaxMs?: number
}

export interface Program {
  /** All so far. */
  readonly events: readonly ProgramEvent[]
  /** The first event of a kind that holds, past or future. Rejects when the program ends without it. */
  event(kind: ProgramEvent['event'], holds?: (event: ProgramEvent) => boolean): Promise<ProgramEvent>
  /** How it ended, and when, in the time of `performance.now`. */
  readonly ended: Promise<{ readonly code: number | null; readonly atMs: number; readonly stderr: string }>
  /** Asks it to close. */
  terminate(): void
  kill(): void
  /** Asks it to print what it has cost since it was asked last. */
  askFigures(): void
  /** Stops it, until `resume`. */
  pause(): void
  resume(): void
}

const path = fileURLToPath(new URL('../programs/torrent.js', import.meta.url))

/** Starts a session in a process of its own, which may have so many open files. */
export function startProgram(job: Job, maxOpenFiles?: number): Program {
  const own = [process.execPath, path, JSON.stringify(job)]
  const [command = '', ...args] =
    maxOpenFiles === undefined ? own : ['sh', '-c', `ulimit -n ${maxOpenFiles} && exec "$@"`, 'sh', ...own]
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const events: ProgramEvent[] = []
  const listeners = new Set<() => void>()
  let [rest, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    events.push(...lines.map((line) => JSON.parse(line) as ProgramEvent))
    for (const listener of listeners) listener()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const ended: Program['ended'] = new Promise((resolve) => {
    child.once('close', (code) => resolve({ code, atMs: performance.now(), stderr }))
  })
  return {
    events,
    ended,
    event: (kind, holds = () => true) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = events.find((event) => event.event === kind && holds(event))
          if (found !== undefined) resolve(found)
        }
        listeners.add(look)
        look()
        void ended.then(({ code }) => reject(new Error(`it ended with ${code} before ${kind}: ${stderr}`)))
      }),
    terminate: () => child.kill('SIGTERM'),
    kill: () => child.kill('SIGKILL'),
    askFigures: () => child.kill('SIGUSR2'),
    pause: () => child.kill('SIGSTOP'),
    resume: () => child.kill('SIGCONT'),
  }
}

import { type ChildProcess, spawn } from 'node:child_process'

/** How to start a program. */
export interface Command {
  /** For messages: "aria2 (leech)". */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  /** The network namespace it runs in; `undefined` = ours. */
  readonly namespace?: string | undefined
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

/** A started program. What it prints on both streams is kept, the last 200 lines of it. */
export interface Running {
  /** Leader of its process group; `undefined` for a program that could not start. */
  readonly pid: number | undefined
  /** True once the program has ended. */
  readonly hasEnded: boolean
  /** Resolves to the exit code, -1 for a signal. */
  readonly ended: Promise<number>
  /** The last lines, for messages. */
  log(): string
  /**
   * The first line, past or future, that `pick` does not answer `undefined` for; resolves to that answer.
   * Rejects with the log when the program ends first or the time is up.
   */
  line<T>(what: string, pick: (line: string) => T | undefined, timeoutMs: number): Promise<T>
  /** As `line`, of future lines only. */
  nextLine<T>(what: string, pick: (line: string) => T | undefined, timeoutMs: number): Promise<T>
  /** Ends the whole process group: TERM, and KILL if that does not help within `graceMs`. Idempotent. */
  stop(graceMs?: number): Promise<void>
}

const keptLines = 200

/** Starts a program in a process group of its own. @throws nothing: a program that cannot start has ended. */
export function startProcess(command: Command): Running {
  const prefix = command.namespace === undefined ? [] : ['ip', 'netns', 'exec', command.namespace]
  const [program = command.command, ...args] = [...prefix, command.command, ...command.args]
  const child = spawn(program, args, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: command.cwd,
    env: { ...process.env, ...command.env },
  })
  return runningOf(child, command.name)
}

function runningOf(child: ChildProcess, name: string): Running {
  const lines: string[] = []
  const listeners = new Set<(line: string) => void>()
  const keep = (line: string): void => {
    lines.push(line)
    if (lines.length > keptLines) lines.shift()
    for (const listener of listeners) listener(line)
  }
  readLines(child.stdout, keep)
  readLines(child.stderr, keep)
  let hasEnded = false
  const ended = new Promise<number>((resolve) => {
    child.once('error', (error) => {
      keep(error.message)
      resolve(-1)
    })
    child.once('close', (code) => resolve(code ?? -1))
  }).finally(() => {
    hasEnded = true
    process.off('exit', killNow)
  })
  const killNow = (): void => signalGroup(child, 'SIGKILL')
  // A test runner that dies leaves no client behind. First, so that nobody writes any more when folders are removed.
  process.prependOnceListener('exit', killNow)
  const log = (): string => lines.slice(-30).join('\n')

  const wait = <T>(
    what: string,
    pick: (line: string) => T | undefined,
    timeoutMs: number,
    past: readonly string[],
  ): Promise<T> =>
    new Promise((resolve, reject) => {
      const give = (line: string): boolean => {
        const answer = pick(line)
        if (answer === undefined) return false
        settle()
        resolve(answer)
        return true
      }
      const fail = (why: string): void => {
        settle()
        reject(new Error(`${name}: ${why} before ${what}\n${log()}`))
      }
      const settle = (): void => {
        listeners.delete(give)
        clearTimeout(timer)
      }
      const timer = setTimeout(() => fail(`${timeoutMs / 1000} s passed`), timeoutMs)
      if (past.some(give)) return
      listeners.add(give)
      void ended.then((code) => listeners.has(give) && fail(`it ended with ${code}`))
    })

  return {
    pid: child.pid,
    get hasEnded() {
      return hasEnded
    },
    ended,
    log,
    line: (what, pick, timeoutMs) => wait(what, pick, timeoutMs, lines),
    nextLine: (what, pick, timeoutMs) => wait(what, pick, timeoutMs, []),
    stop: async (graceMs = 0) => {
      if (!hasEnded && graceMs > 0) {
        signalGroup(child, 'SIGTERM')
        await within(ended, graceMs)
      }
      // Also when the leader is gone: the rest of its group goes with it.
      signalGroup(child, 'SIGKILL')
      await ended
    },
  }
}

/** Splits a stream into lines; the last one may lack its end. */
function readLines(stream: NodeJS.ReadableStream | null, take: (line: string) => void): void {
  let rest = ''
  stream?.setEncoding('utf8')
  stream?.on('data', (text: string) => {
    const parts = (rest + text).split(/[\r\n]+/)
    rest = parts.pop() ?? ''
    for (const part of parts) if (part !== '') take(part)
  })
  stream?.on('end', () => rest !== '' && take(rest))
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // The group has gone already.
  }
}

async function within(promise: Promise<unknown>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  await Promise.race([promise, new Promise((resolve) => (timer = setTimeout(resolve, timeoutMs)))])
  clearTimeout(timer)
}

/** Runs a program to its end and answers what it printed. Rejects with that if it fails. */
export async function run(command: Command, timeoutMs = 60_000): Promise<string> {
  const [program = '', ...args] = [
    ...(command.namespace === undefined ? [] : ['ip', 'netns', 'exec', command.namespace]),
    command.command,
    ...command.args,
  ]
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
      cwd: command.cwd,
      env: { ...process.env, ...command.env },
    })
    let output = ''
    let errors = ''
    child.stdout.setEncoding('latin1').on('data', (text: string) => (output += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0) resolve(output)
      else reject(new Error(`${command.name} ended with ${code}: ${errors}${output}`))
    })
  })
}

/** Asks `probe` again and again until it answers something, at most for `timeoutMs`. */
export async function until<T>(
  what: string,
  timeoutMs: number,
  probe: () => Promise<T | undefined>,
  everyMs = 50,
): Promise<T> {
  const endMs = performance.now() + timeoutMs
  for (;;) {
    const answer = await probe()
    if (answer !== undefined) return answer
    if (performance.now() > endMs) throw new Error(`${timeoutMs / 1000} s passed before ${what}`)
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}

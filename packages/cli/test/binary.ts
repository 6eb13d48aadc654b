import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The built program, and a folder of its own for one test file. */
export interface Bench {
  readonly folder: string
  path(...parts: string[]): string
  /** Runs the binary to its end. */
  run(args: readonly string[], options?: RunOptions): Promise<Outcome>
  /** Starts the binary; every process that is left is killed by `close`. */
  start(args: readonly string[], options?: RunOptions): Running
  close(): void
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** What is on standard input; 'open' = nothing, and it does not end. */
  readonly input?: Uint8Array | string
  /** Run as another user, so that permissions count for a test of root too. */
  readonly uid?: number
}

export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** Lines of stdout as JSON. */
  json(): Record<string, unknown>[]
}

export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Outcome>
  /** Resolves with the first line of stdout that has this event; rejects when the process ends without. */
  event(name: string): Promise<Record<string, unknown>>
}

const root = fileURLToPath(new URL('../../..', import.meta.url))
export const binary = fileURLToPath(new URL('../bin/bitloom.js', import.meta.url))

/** Builds what is not built (the binary runs from dist) and makes a folder. `npm test` has built already. */
export function openBench(): Bench {
  if (process.env['BITLOOM_TEST_BUILT'] === undefined) {
    const built = spawnSync(process.execPath, [join(root, 'scripts/build.mjs')], { cwd: root })
    if (built.status !== 0) throw new Error(`The build failed: ${built.stdout.toString()}`)
  }
  const folder = mkdtempSync(join(tmpdir(), 'bitloom-cli-test-'))
  const children = new Set<ChildProcess>()
  const start = (args: readonly string[], options: RunOptions = {}): Running => {
    const running = startBinary(folder, args, options)
    children.add(running.child)
    void running.ended.then(() => children.delete(running.child))
    return running
  }
  return {
    folder,
    path: (...parts) => join(folder, ...parts),
    start,
    run: (args, options) => start(args, options).ended,
    close() {
      for (const child of children) child.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function startBinary(folder: string, args: readonly string[], options: RunOptions): Running {
  mkdirSync(join(folder, 'home'), { recursive: true })
  const child = spawn(process.execPath, [binary, ...args], {
    cwd: options.cwd ?? folder,
    env: { PATH: process.env['PATH'], HOME: join(folder, 'home'), ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  })
  child.stdin.on('error', () => undefined)
  if (options.input !== 'open') child.stdin.end(options.input ?? '')
  const text = { stdout: '', stderr: '' }
  const waiting = new Set<() => void>()
  child.stdout.on('data', (chunk: Buffer) => {
    text.stdout += chunk.toString('latin1')
    for (const check of waiting) check()
  })
  child.stderr.on('data', (chunk: Buffer) => (text.stderr += chunk.toString()))
  const ended = new Promise<Outcome>((resolve) => {
    child.on('close', (code) => resolve({ code, ...text, json: () => jsonLines(text.stdout) }))
  })
  return {
    child,
    ended,
    event: (name) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          const found = jsonLines(text.stdout.slice(0, text.stdout.lastIndexOf('\n') + 1)).find(
            (line) => line['event'] === name,
          )
          if (found === undefined) return
          waiting.delete(check)
          resolve(found)
        }
        waiting.add(check)
        check()
        void ended.then(({ code, stderr }) => reject(new Error(`no event ${name}; ended with ${code}: ${stderr}`)))
      }),
  }
}

function jsonLines(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { BitloomEvent } from '../events.js'
import { CliError } from '../exit-codes.js'

const binary = fileURLToPath(new URL('../../bin/bitloom.js', import.meta.url))

/** One process of the demo's swarm: this same program with `--json`. */
export interface Member {
  readonly name: string
  /** All events so far, in order. */
  readonly events: readonly BitloomEvent[]
  /** Resolves with the first event, past or future, that passes. Rejects when the process ends before. */
  find<E extends BitloomEvent>(passes: (event: BitloomEvent) => event is E): Promise<E>
  /** Asks it to end in good order; resolves when it is gone. */
  stop(): Promise<void>
  /** Ends it at once. */
  kill(): void
}

/** Starts a member. */
export function startMember(name: string, args: readonly string[], env: NodeJS.ProcessEnv): Member {
  const child = spawn(process.execPath, [binary, ...args, '--json', '--no-config', '--progress=none'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: memberEnvironment(env),
  })
  const events: BitloomEvent[] = []
  const waiting = new Set<(gone: boolean) => void>()
  const wake = (gone: boolean): void => {
    for (const check of waiting) check(gone)
  }
  createInterface({ input: child.stdout }).on('line', (line) => {
    events.push(JSON.parse(line) as BitloomEvent)
    wake(false)
  })
  const said: string[] = []
  child.stderr.on('data', (text: Buffer) => said.push(text.toString()))
  const gone = waitForEnd(child)
  void gone.then(() => wake(true))
  return {
    name,
    events,
    find: (passes) => findEvent(name, events, waiting, said, passes),
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGINT')
      await gone
    },
    kill: () => void child.kill('SIGKILL'),
  }
}

function findEvent<E extends BitloomEvent>(
  name: string,
  events: readonly BitloomEvent[],
  waiting: Set<(gone: boolean) => void>,
  said: readonly string[],
  passes: (event: BitloomEvent) => event is E,
): Promise<E> {
  return new Promise((resolve, reject) => {
    const check = (gone: boolean): void => {
      const found = events.find(passes)
      if (found === undefined && !gone) return
      waiting.delete(check)
      if (found !== undefined) resolve(found)
      else reject(new CliError('OTHER', `The ${name} ended early: ${said.join('').trim() || 'it said nothing'}`))
    }
    waiting.add(check)
    check(false)
  })
}

/** The settings of this run are not those of its members: what a test or a user set for `bitloom` stays out. */
function memberEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !name.startsWith('BITLOOM_') && name !== 'npm_lifecycle_event'),
  )
}

function waitForEnd(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.on('close', () => resolve())
    child.on('error', () => resolve())
  })
}

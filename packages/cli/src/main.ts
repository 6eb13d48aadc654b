import { CommanderError } from 'commander'
import { exitCodeOf, exitCodes, systemCode } from './exit-codes.js'
import { createOutput } from './output.js'
import { createProgram, normalizeArguments } from './program.js'
import { createStop } from './stop.js'

/** How long a stop may take before the process ends anyway; ending it may itself wait for the disk, and 5 s are promised. */
const stopMs = 4_500

/** Runs the command line of a process, and ends the process with the exit code when all output is written. */
export async function main(host: NodeJS.Process): Promise<void> {
  const stop = createStop()
  watchSignals(host, () => stop.ask('signal'))
  watchPipes(host, () => stop.ask('pipe'))
  stop.signal.addEventListener('abort', () => {
    setTimeout(() => host.exit(stop.exitCode), stopMs).unref()
  })
  const code = await runArguments(host.argv.slice(2), host, stop)
  await drained(host.stdout)
  await drained(host.stderr)
  host.exit(code)
}

async function runArguments(
  args: readonly string[],
  host: NodeJS.Process,
  stop: ReturnType<typeof createStop>,
): Promise<number> {
  let code: number = exitCodes.done.exit
  const program = createProgram(host, stop, (exit) => void (code = exit))
  try {
    await program.parseAsync(normalizeArguments(program, args), { from: 'user' })
    return code
  } catch (error) {
    if (stop.reason === 'pipe') return exitCodes.done.exit
    const json = args.includes('--json')
    const { env, stdout, stderr } = host
    const output = createOutput({ json, quiet: false, color: 'auto', env, stdout, stderr, wallMs: Date.now })
    if (!(error instanceof CommanderError)) {
      output.fail(error)
      return exitCodeOf(error)
    }
    // The parser has said it on stderr.
    if (error.exitCode === 0) return exitCodes.done.exit
    output.event({ event: 'error', code: 'USAGE', message: error.message.replace(/^error: /, '') })
    return exitCodes.usage.exit
  }
}

/**
 * The first INT or TERM asks for a stop, the second ends the process at once. npm passes on a signal that the terminal
 * has sent to us too, so below npm two within half a second are one. HUP is a TERM whose terminal is gone.
 */
function watchSignals(host: NodeJS.Process, ask: () => void): void {
  const sameMs = host.env['npm_lifecycle_event'] === undefined ? 0 : 500
  let firstAtMs: number | undefined
  const onSignal = (): void => {
    const nowMs = performance.now()
    if (firstAtMs !== undefined && nowMs - firstAtMs >= sameMs) host.exit(exitCodes.forcedStop.exit)
    firstAtMs ??= nowMs
    ask()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) host.on(signal, onSignal)
}

/** A reader that went away ends the run silently; other failures of a stream are ignored too, there is nobody to tell. */
function watchPipes(host: NodeJS.Process, ask: () => void): void {
  host.stdout.on('error', (error) => {
    if (systemCode(error) === 'EPIPE') ask()
  })
  host.stderr.on('error', () => undefined)
}

function drained(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) resolve()
    else stream.write('', () => resolve())
  })
}

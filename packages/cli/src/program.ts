import { version } from '@bitloom/core'
import { type Command, Option, Command as NewCommand } from 'commander'
import { addCommands } from './commands.js'
import { loadConfig } from './config.js'
import { exitCodes, CliError } from './exit-codes.js'
import { createLog } from './log.js'
import { collect } from './options.js'
import { createOutput } from './output.js'
import { createProgress, type ProgressKind } from './progress/progress.js'
import type { Progress } from './progress/row.js'
import type { Runtime } from './runtime.js'
import { applySettings, pluginSettings } from './settings.js'
import { configDirectory, stateDirectory } from './state-dir.js'
import type { Stop } from './stop.js'

/** The options that every verb has. */
interface CommonOptions {
  readonly json?: boolean
  readonly config?: string | false
  readonly stateDir?: string
  readonly plugin?: readonly string[]
  readonly noPlugin?: readonly string[]
  readonly set?: readonly string[]
  readonly progress: ProgressKind
  readonly quiet?: boolean
  readonly verbose?: boolean
  readonly logFile?: string
  readonly color: 'auto' | 'always' | 'never'
}

/** A verb: gets its operands and options, ends in an exit code or throws. */
export type Verb<O> = (runtime: Runtime, operands: readonly string[], options: O) => Promise<number>
/** Makes the action of a command from a verb that is loaded when it is needed. */
export type Act = <O>(load: () => Promise<Verb<O>>) => (...args: unknown[]) => Promise<void>

const exitCodeHelp = `
Exit codes: ${Object.values(exitCodes)
  .map(({ exit, meaning }) => `${exit} ${meaning}`)
  .join(' · ')}
Every option can also be set by an environment variable (BITLOOM_LIMIT_DOWN=2M) or in bitloom.config.{mjs,js,json}.`

/** The whole command line. `done` is told the exit code of the verb that ran. */
export function createProgram(host: NodeJS.Process, stop: Stop, done: (exit: number) => void): Command {
  const program = new NewCommand('bitloom')
  addCommonOptions(program)
  let verbosity = 0
  program.on('option:verbose', () => verbosity++)
  program
    .description('A BitTorrent client made of plugins.')
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [verb]', 'print the help of a verb')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeErr: (text) => void host.stderr.write(text),
      writeOut: (text) => void host.stdout.write(text),
    })
    .showHelpAfterError('(--help lists what there is)')
    .addHelpText('after', exitCodeHelp)
    .exitOverride()
  const act: Act =
    (load) =>
    async (...args) => {
      const command = args.at(-1) as Command
      const runtime = await createRuntime(host, stop, command, verbosity)
      const verb = await load()
      done(await verb(runtime, operandsOf(command), command.optsWithGlobals() as never))
    }
  addCommands(program, act)
  for (const command of program.commands) command.exitOverride().configureHelp({ showGlobalOptions: true })
  return program
}

const operandsOf = (command: Command): string[] => command.args

function addCommonOptions(program: Command): void {
  const withoutPlugin = new Option('--no-plugin <name>', 'leave a built-in plugin out (repeatable)').argParser(collect)
  // Commander takes every "--no-x" for the opposite of "--x"; this one has a value of its own.
  withoutPlugin.negate = false
  program
    .option('--json', 'print JSON: one document, or one object a line for long-running verbs')
    .option('--config <file>', 'read this configuration file')
    .option('--no-config', 'read no configuration file')
    .option('--state-dir <dir>', 'where records and locks live')
    .option('--plugin <spec>', 'load a plugin: an npm name, a file, or the folder of a package (repeatable)', collect)
    .addOption(withoutPlugin)
    .option('--set <plugin.key=value>', 'set an option of a plugin (repeatable)', collect)
    .addOption(
      new Option('--progress <kind>', 'how to show progress').choices(['auto', 'bar', 'plain', 'none']).default('auto'),
    )
    .option('-q, --quiet', 'say nothing but results and errors')
    .option('-v, --verbose', 'log more, and why peers are unchoked or refused (-vv: everything, each pick too)')
    .option('--log-file <file>', 'write the log to a file')
    .addOption(new Option('--color <when>', 'use colour').choices(['auto', 'always', 'never']).default('auto'))
}

async function createRuntime(host: NodeJS.Process, stop: Stop, command: Command, verbosity: number): Promise<Runtime> {
  const { env } = host
  const cwd = host.cwd()
  const configs = await loadConfig(
    command.optsWithGlobals<CommonOptions>().config ?? env['BITLOOM_CONFIG'],
    cwd,
    configDirectory(env, host.platform),
  )
  applySettings(command, env, configs)
  const options = command.optsWithGlobals<CommonOptions>()
  const late: { progress?: Progress } = {}
  const output = createOutput({
    json: options.json === true,
    quiet: options.quiet === true,
    color: options.color,
    env,
    stdout: host.stdout,
    stderr: host.stderr,
    wallMs: Date.now,
    beforeLine: () => late.progress?.clear(),
  })
  const loudness = Math.max(verbosity, options.verbose === true ? 1 : 0)
  late.progress = await createProgress(options.progress, output)
  return {
    output,
    progress: late.progress,
    stop,
    cwd,
    env,
    stdin: host.stdin,
    stateDir: options.stateDir ?? stateDirectory(env, host.platform),
    verbosity: loudness,
    log: await createLog({
      verbosity: loudness,
      file: options.logFile,
      output,
    }),
    plugins: options.plugin ?? [],
    withoutPlugins: options.noPlugin ?? [],
    settings: pluginSettings(configs, env, options.set ?? []),
  }
}

/**
 * Arguments as the parser wants them: `--seed` alone is `--seed=`, since an optional value is taken only after "=". The
 * `--seed` of `simulate` always has a value.
 * @throws CliError USAGE without any argument
 */
export function normalizeArguments(args: readonly string[]): string[] {
  if (args.length === 0) throw new CliError('USAGE', 'Say what to download, or --help for all there is')
  if (verbOf(args) === 'simulate') return [...args]
  const end = args.indexOf('--')
  return args.map((arg, index) => (arg === '--seed' && (end < 0 || index < end) ? '--seed=' : arg))
}

const valued = ['--config', '--state-dir', '--plugin', '--no-plugin', '--set', '--progress', '--log-file', '--color']

/** The first argument that is neither an option nor the value of one. */
function verbOf(args: readonly string[]): string | undefined {
  return args.find((arg, index) => !arg.startsWith('-') && !valued.includes(args[index - 1] ?? ''))
}

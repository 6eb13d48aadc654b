import { version } from '@bitloom/core'
import { type Command, Command as NewCommand } from 'commander'
import { addCommands } from './commands.js'
import { exitCodes, CliError } from './exit-codes.js'
import { createLog } from './log.js'
import { collect } from './options.js'
import { createOutput } from './output.js'
import { createProgress } from './progress/progress.js'
import type { Progress } from './progress/row.js'
import type { Runtime } from './runtime.js'
import { loadConfigs } from './settings/config-file.js'
import { environmentLayer, misspeltVariables } from './settings/environment.js'
import { addFlags, flagLayer } from './settings/flags.js'
import { refuse } from './settings/origin.js'
import { pluginSettings } from './settings/plugin-settings.js'
import { type Resolved, resolveSettings } from './settings/resolve.js'
import { common, settingsOf, type Values } from './settings/schema.js'
import { configDirectory, stateDirectory } from './state-dir.js'
import type { Stop } from './stop.js'

/** A verb: gets its operands and options, ends in an exit code or throws. */
export type Verb<O> = (runtime: Runtime, operands: readonly string[], options: O) => Promise<number>
/** Makes the action of a command from a verb that is loaded when it is needed. */
export type Act = <O>(load: () => Promise<Verb<O>>) => (...args: unknown[]) => Promise<void>

const exitCodeHelp = `
Exit codes: ${Object.values(exitCodes)
  .map(({ exit, meaning }) => `${exit} ${meaning}`)
  .join(' · ')}
Settings also come from the environment (BITLOOM_LIMIT_DOWN=2M) and from bitloom.config.{mjs,js,json}: bitloom config --help.`

/** The whole command line. `done` is told the exit code of the verb that ran. */
export function createProgram(host: NodeJS.Process, stop: Stop, done: (exit: number) => void): Command {
  const program = new NewCommand('bitloom')
  addCommonOptions(program)
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
      const runtime = await createRuntime(host, stop, command)
      const verb = await load()
      const options = { ...command.optsWithGlobals(), ...valuesOf(runtime.resolved) }
      done(await verb(runtime, command.args, options as never))
    }
  addCommands(program, act)
  for (const command of program.commands) command.exitOverride().configureHelp({ showGlobalOptions: true })
  return program
}

function addCommonOptions(program: Command): void {
  program
    .option('--config <file>', 'read this configuration file')
    .option('--no-config', 'read no configuration file')
    .option('--set <plugin.key=value>', 'set an option of a plugin (repeatable)', collect)
  addFlags(program, common)
  let times = 0
  program.on('option:verbose', () => program.setOptionValueWithSource('verbose', ++times, 'cli'))
}

const valuesOf = ({ settings }: Resolved): object =>
  Object.fromEntries([...settings].map(([key, { value }]) => [key, value]))

async function createRuntime(host: NodeJS.Process, stop: Stop, command: Command): Promise<Runtime> {
  const { env } = host
  const cwd = host.cwd()
  const own = command.optsWithGlobals<{ readonly config?: string | false; readonly set?: readonly string[] }>()
  const files = await loadConfigs(own.config ?? env['BITLOOM_CONFIG'], cwd, configDirectory(env, host.platform))
  const settings = settingsOf(command.name())
  const layers = [flagLayer(settings, command), environmentLayer(settings, env), ...files.map(({ layer }) => layer)]
  const found = resolveSettings(settings, layers, { stateDir: stateDirectory(env, host.platform) })
  const problems = [...misspeltVariables(env), ...files.flatMap((file) => file.problems), ...found.problems]
  if (command.name() !== 'config') refuse(problems)
  const resolved = { ...found, problems }
  const options = valuesOf(resolved) as Values<typeof common>
  const late: { progress?: Progress } = {}
  const output = createOutput({
    json: options.json,
    quiet: options.quiet,
    color: options.color,
    env,
    stdout: host.stdout,
    stderr: host.stderr,
    wallMs: Date.now,
    beforeLine: () => late.progress?.clear(),
  })
  late.progress = await createProgress(options.progress, output)
  return {
    output,
    progress: late.progress,
    stop,
    cwd,
    env,
    stdin: host.stdin,
    stateDir: options.stateDir ?? stateDirectory(env, host.platform),
    verbosity: options.verbose,
    log: await createLog({ verbosity: options.verbose, file: options.logFile, output }),
    plugins: options.plugin ?? [],
    withoutPlugins: options.noPlugin ?? [],
    settings: pluginSettings(files, env, own.set ?? []),
    resolved,
  }
}

/**
 * Arguments as the parser wants them: `--seed` alone is `--seed=`, since an optional value is taken only after "=". The
 * `--seed` of `simulate` always has a value.
 * @throws CliError USAGE without any argument
 */
export function normalizeArguments(program: Command, args: readonly string[]): string[] {
  if (args.length === 0) throw new CliError('USAGE', 'Say what to download, or --help for all there is')
  if (verbOf(program, args) === 'simulate') return [...args]
  const end = args.indexOf('--')
  return args.map((arg, index) => (arg === '--seed' && (end < 0 || index < end) ? '--seed=' : arg))
}

/** The first argument that is neither an option nor the value of one. */
function verbOf(program: Command, args: readonly string[]): string | undefined {
  const valued = program.options.filter(({ required }) => required).map(({ long }) => long)
  return args.find((arg, index) => !arg.startsWith('-') && !valued.includes(args[index - 1]))
}

import { Command, CommanderError, Option } from 'commander'
import { basename, relative, resolve } from 'node:path'
import { createPlugin, ownVersion } from './create-plugin.js'
import { type Kind, kindNames, kinds } from './kinds.js'
import { CreateError } from './names.js'
import { askFor } from './questions.js'

interface Options {
  readonly kind?: Kind
  readonly name?: string
  readonly force?: boolean
}

/** Runs the command line of a process and sets its exit code: 0 made, 1 not. */
export async function main(host: NodeJS.Process): Promise<void> {
  try {
    const program = createProgram(host, await ownVersion())
    await program.parseAsync(host.argv.slice(2), { from: 'user' })
  } catch (error) {
    // What the parser has to say it has said.
    host.exitCode = error instanceof CommanderError ? error.exitCode : 1
    if (error instanceof CreateError) host.stderr.write(`${error.message}\n`)
    else if (!(error instanceof CommanderError)) throw error
  }
}

function createProgram(host: NodeJS.Process, version: string): Command {
  const program = new Command('create-plugin')
  return program
    .description('Makes a Bitloom plugin with tests.')
    .usage('[folder or name] [options]')
    .argument('[folder]', 'where to put it; its last part, or @scope/name, is the name of the package')
    .addOption(new Option('-k, --kind <kind>', 'what it shall be').choices(kindNames))
    .option('--name <name>', 'the name of the npm package, where it is not that of the folder')
    .option('--force', 'write into a folder that is not empty, over files of the same names')
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .addHelpText(
      'after',
      `\nKinds:\n${kindNames.map((name) => `  ${name.padEnd(11)}${kinds[name].summary}\n`).join('')}`,
    )
    .configureOutput({
      writeOut: (text) => void host.stdout.write(text),
      writeErr: (text) => void host.stderr.write(text),
    })
    .exitOverride()
    .action(async (target: string | undefined, options: Options) => run(host, target, options))
}

async function run(host: NodeJS.Process, given: string | undefined, options: Options): Promise<void> {
  const { target, kind } = await complete(host, given ?? options.name, options.kind)
  const isScoped = /^@[^/\\]+\/[^/\\]+$/.test(target)
  const folder = resolve(host.cwd(), isScoped ? basename(target) : target)
  const name = options.name ?? (isScoped ? target : basename(folder))
  const files = await createPlugin({ folder, name, kind, force: options.force === true })
  const path = relative(host.cwd(), folder)
  const steps = [...(path === '' ? [] : [`cd ${path}`]), 'npm install', 'npm test']
  if (kinds[kind].isCompared) steps.push('npm run compare')
  host.stdout.write(`Made ${name}, ${kinds[kind].title}: ${files.length} files. What it does is in src, go on with\n\n`)
  host.stdout.write(`${steps.map((step) => `  ${step}\n`).join('')}\n`)
}

/** Asks on a terminal for what is missing. @throws CreateError elsewhere */
async function complete(
  host: NodeJS.Process,
  target: string | undefined,
  kind: Kind | undefined,
): Promise<{ readonly target: string; readonly kind: Kind }> {
  if (target !== undefined && kind !== undefined) return { target, kind }
  if (!host.stdin.isTTY) {
    throw new CreateError(
      `Say what to make: npm create @bitloom/plugin my-picker -- --kind picker (or ${kindNames.slice(1).join(', ')})`,
    )
  }
  return askFor({ input: host.stdin, output: host.stderr }, { target, kind })
}

import { Argument, type Command, Option } from 'commander'
import { collect, parseCount, parseDuration, parseSize } from './options.js'
import type { Act } from './program.js'
import { addFlags } from './settings/flags.js'
import { verbs } from './settings/schema.js'

/** Declares every verb. The code of a verb is loaded when it runs. */
export function addCommands(program: Command, act: Act): void {
  addTransfers(program, act)
  addFileVerbs(program, act)
  addProbes(program, act)
  addTools(program, act)
}

/** The flags of a verb that settings steer. */
function steered(command: Command): Command {
  for (const group of verbs[command.name()] ?? []) addFlags(command, group)
  return command
}

function addTransfers(program: Command, act: Act): void {
  steered(program.command('download', { isDefault: true }))
    .description('download torrents (the default verb)')
    .argument('<id...>', 'a .torrent file, an http(s) URL of one, - for standard input, a magnet link, an info-hash')
    .action(act(async () => (await import('./verbs/download.js')).download))
  steered(program.command('seed'))
    .description('serve data that is there')
    .argument('<torrent>', 'a .torrent file, an http(s) URL of one, - for standard input')
    .argument('[dir]', 'the folder that contains the torrent (default: that of --output)')
    .action(act(async () => (await import('./verbs/seed.js')).seed))
  steered(program.command('daemon'))
    .description(
      'hold many torrents: go on with those of the state folder, add those whose files come into a watched folder',
    )
    .action(act(async () => (await import('./verbs/daemon.js')).daemon))
}

function addFileVerbs(program: Command, act: Act): void {
  program
    .command('create')
    .description('write a .torrent of a file or folder')
    .argument('<path>')
    .option('-o, --output <file>', 'where to write it (default: NAME.torrent; - for standard output)')
    .option('--force', 'replace an existing file')
    .option('--tracker <url>', 'a tracker; a comma groups a tier (repeatable)', collect)
    .option('--web-seed <url>', 'a web seed (repeatable)', collect)
    .option('--piece-length <size>', 'a power of two from 16K (default: by size)', parseSize)
    .option('--private', 'peers only from the trackers (BEP 27)')
    .option('--comment <text>')
    .option('--source <text>')
    .option('--name <name>', 'the name in the torrent (default: that of PATH)')
    .addOption(new Option('--format <format>', 'v1, hybrid or v2').choices(['v1', 'hybrid', 'v2']).default('v1'))
    .option('--no-date', 'leave the creation date out')
    .option('--no-created-by', 'leave the program name out')
    .option('--dry-run', 'say what would be written')
    .action(act(async () => (await import('./verbs/create.js')).create))
  program
    .command('show')
    .alias('info')
    .description('print what is in a torrent')
    .argument('<torrent>')
    .action(act(async () => (await import('./verbs/show.js')).show))
  program
    .command('verify')
    .description('hash the data of a torrent')
    .argument('<torrent>')
    .argument('[dir]', 'the folder that contains the torrent (default: .)')
    .action(act(async () => (await import('./verbs/verify.js')).verify))
  program
    .command('magnet')
    .description('print the magnet link of a torrent')
    .argument('<torrent>')
    .option('--no-trackers', 'leave the trackers out')
    .action(act(async () => (await import('./verbs/magnet.js')).magnet))
  addEdit(program, act)
}

function addEdit(program: Command, act: Act): void {
  program
    .command('edit')
    .description('change a .torrent without changing its info-hash')
    .argument('<torrent>')
    .option('-o, --output <file>', 'write here and leave the original (- for standard output)')
    .option('--tracker <url>', 'replace the trackers; a comma groups a tier (repeatable)', collect)
    .option('--add-tracker <url>', 'add a tier (repeatable)', collect)
    .option('--remove-tracker <url>', 'remove a tracker (repeatable)', collect)
    .option('--no-trackers', 'remove all trackers')
    .option('--web-seed <url>', 'replace the web seeds (repeatable)', collect)
    .option('--no-web-seeds', 'remove all web seeds')
    .option('--comment <text>', 'an empty text removes it')
    .option('--private', 'set the private flag (changes the info-hash: needs --force)')
    .option('--no-private', 'remove the private flag (changes the info-hash: needs --force)')
    .option('--source <text>', 'an empty text removes it (changes the info-hash: needs --force)')
    .option('--name <name>', 'rename it (changes the info-hash: needs --force)')
    .option('--force', 'allow changes of the info-hash, and replace an existing output')
    .action(act(async () => (await import('./verbs/edit.js')).edit))
}

function addProbes(program: Command, act: Act): void {
  const probe = (name: string, description: string): Command =>
    program
      .command(name)
      .description(description)
      .argument('<id>', 'a .torrent file or URL, a magnet link, or an info-hash')
      .option('--tracker <url>', 'ask this tracker instead (repeatable)', collect)
      .option('--timeout <duration>', 'how long to wait for an answer (default 15s)', parseDuration)
  probe('announce', 'announce once to the trackers and print their answers')
    .addOption(new Option('--event <event>').choices(['started', 'completed', 'stopped', 'none']).default('started'))
    .option('--port <port>', 'the port to announce (default 6881)', (text) => parseCount(text))
    .option('--num-want <n>', 'how many peers to ask for (default 50)', (text) => parseCount(text, 0))
    .action(act(async () => (await import('./verbs/announce.js')).announce))
  probe('scrape', 'ask the trackers for counts').action(act(async () => (await import('./verbs/scrape.js')).scrape))
  probe('peers', 'print the peers that the trackers know').action(
    act(async () => (await import('./verbs/peers.js')).peers),
  )
  program
    .command('handshake')
    .description('shake hands with one peer and print what it says')
    .argument('<id>', 'a .torrent file or URL, a magnet link, or an info-hash')
    .argument('<host:port>')
    .option('--timeout <duration>', 'how long to wait (default 10s)', parseDuration)
    .action(act(async () => (await import('./verbs/handshake.js')).handshake))
}

function addTools(program: Command, act: Act): void {
  program
    .command('plugins')
    .description('print the loaded plugins, what they bind and tap (list), or one of them (info NAME)')
    .argument('[action]', 'list or info', 'list')
    .argument('[name]')
    .action(act(async () => (await import('./verbs/plugins.js')).plugins))
  program
    .command('explain')
    .description('read a trace of --trace: the reasons counted, or what happened to a piece or a peer')
    .argument('[file]', 'a file that --trace wrote, - for standard input (default: -)')
    .option('--piece <n>', 'all about this piece (by its index, from 0)', (text) => parseCount(text, 0))
    .option('--peer <host>', 'all about this peer: HOST or HOST:PORT')
    .option('--event <event>', 'only these records, such as pick, unchoke or refuse (repeatable)', collect)
    .option('--torrent <name>', 'only this torrent, by its name or its id in the trace')
    .action(act(async () => (await import('./verbs/explain.js')).explain))
  steered(program.command('tracker'))
    .description('run a tracker (HTTP and UDP)')
    .action(act(async () => (await import('./verbs/tracker.js')).tracker))
  steered(program.command('config'))
    .description('print what is set (print), or check it (validate); any setting may be given as a flag')
    .addArgument(new Argument('[action]', 'print or validate').choices(['print', 'validate']).default('print'))
    .option('--origin', 'print where each value comes from, and what is not set')
    .action(act(async () => (await import('./verbs/config.js')).config))
  program
    .command('demo')
    .description('a swarm of separate processes on this machine')
    .option('--size <size>', 'size of the payload', parseSize, 256 * 1024 ** 2)
    .option('--files <n>', 'number of files', (text) => parseCount(text), 5)
    .option('--peers <n>', 'number of downloaders', (text) => parseCount(text), 2)
    .option('--keep', 'leave the temporary folder')
    .action(act(async () => (await import('./verbs/demo.js')).demo))
  program
    .command('simulate')
    .description('compare strategies in simulated swarms')
    .argument('[scenario]', 'a scenario file, or the name of one that comes with Bitloom (--list)')
    .option('--list', 'print the scenarios that come with Bitloom and stop')
    .option('--seeds <n>', 'how many seeds each strategy meets (default: as the scenario says)', (text) =>
      parseCount(text),
    )
    .option('--seed <seed>', 'run this one seed, as in a run before')
    .option('--strategy <name>', 'only this strategy (repeatable)', collect)
    .option('--workers <n>', 'threads; the outcome is the same for any number (default: one a core)', (text) =>
      parseCount(text),
    )
    .option('--quick', 'a smaller swarm and fewer seeds, for a first look')
    .option('--report <file>', 'write a report with plots: one HTML file that needs no network')
    .option('--trace <file>', 'write every decision of the run of one --seed and --strategy, for explain')
    .action(act(async () => (await import('./verbs/simulate.js')).simulate))
  program
    .command('completion')
    .description('print a completion script')
    .argument('<shell>', 'bash, zsh or fish')
    .action(act(async () => (await import('./verbs/completion.js')).completion(program)))
}

// What a shell block of the documentation names must exist: the verbs and options of bitloom, npm scripts, our packages, and
// the files given to node. Other programs are taken as they are.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './setup.mjs'

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'))
const ownPackages = new Set(
  readdirSync(join(root, 'packages')).map((name) => readJson(join(root, 'packages', name, 'package.json')).name),
)
// The guide's are those of a plugin that was made by create-plugin.
const scripts = [join(root, 'package.json'), join(root, 'packages/create-plugin/templates/shared/manifest.json')]
  .map((path) => readJson(path).scripts)
  .reduce((all, some) => ({ ...all, ...some }))
let bitloom

/** The faults of a block, each with its line, the first being 0. */
export async function checkShell(code) {
  const faults = []
  for (const { line, words } of commandsOf(code)) {
    const sentence = await faultOf(words)
    if (sentence !== undefined) faults.push({ line, sentence })
  }
  return faults
}

/** The simple commands of a script: without comments, redirections and quotes, with continued lines joined. */
function commandsOf(code) {
  const commands = []
  let before = ''
  for (const [index, text] of code.split('\n').entries()) {
    const line = before + text.replace(/(^|\s)#.*$/, '')
    before = line.endsWith('\\') ? line.slice(0, -1) : ''
    if (before !== '') continue
    for (const part of line.split(/&&|\|\|?|;|&/)) {
      const words = part.match(/"[^"]*"|'[^']*'|[^\s"']+/g)?.map((word) => word.replaceAll(/^["']|["']$/g, '')) ?? []
      if (words.length > 0) commands.push({ line: index, words })
    }
  }
  return commands
}

async function faultOf(words) {
  const [program, ...args] = words[0] === 'npx' ? words.slice(1) : words
  if (program === 'bitloom') return bitloomFault(args)
  if (program === 'npm') return npmFault(args)
  if (program === 'node' && args[0]?.startsWith('-') === false && !existsSync(join(root, args[0])))
    return `there is no ${args[0]}`
  return undefined
}

async function npmFault([verb, ...args]) {
  const after = args.includes('--') ? args.slice(args.indexOf('--') + 1) : []
  if (verb === 'start' && after.length > 0) return bitloomFault(after)
  if (verb === 'run' && !(args[0] in scripts)) return `there is no script "${args[0]}"`
  if (verb === 'install') return foreignOf(args.filter((name) => name.startsWith('@bitloom/')))
  if (verb === 'create') return foreignOf([args[0].replace('/', '/create-')])
  return undefined
}

function foreignOf(names) {
  const foreign = names.find((name) => !ownPackages.has(name))
  return foreign === undefined ? undefined : `there is no package ${foreign}`
}

async function bitloomFault(args) {
  bitloom ??= await loadBitloom()
  const verb = bitloom.commands.find((command) => [command.name(), ...command.aliases()].includes(args[0]))
  const command = verb ?? bitloom.commands.find((command) => command.name() === 'download')
  const known = new Set([...bitloom.options, ...command.options].flatMap(({ long, short }) => [long, short]))
  for (const builtIn of ['--help', '-h', '--version']) known.add(builtIn)
  const flags = args.filter((word) => /^--?[a-zA-Z]/.test(word)).map((word) => word.split('=')[0])
  const unknown = flags.find((flag) => !known.has(flag))
  return unknown === undefined ? undefined : `bitloom ${command.name()} has no option ${unknown}`
}

async function loadBitloom() {
  const { createProgram } = await import(join(root, 'packages', 'cli', 'dist', 'program.js'))
  return createProgram(process, undefined, () => undefined)
}

// `node scripts/check-docs.mjs [PAGE...]`: looks at every code block of the documentation, and says page and line of what is
// wrong. TypeScript and JavaScript are compiled against the sources, each block by itself, unless its info string says more:
//
//   ts                       a whole module
//   ts continues             goes on where the code block before it ended
//   ts file=src/greeting.ts  a file of that name, which later blocks of the page can import
//   ts from ../greeting.ts   an excerpt, word for word, of a file that is compiled and tested where it is; relative to the page
//
// Of shell blocks, the scripts, files, packages, verbs and options that they name must exist; those of the guide are run, by
// `npm run guide`. JSON must parse. Needs a build.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, isAbsolute, join, relative } from 'node:path'
import { checkShell } from './check-shell.mjs'
import { blocksOf, docPages } from './doc-blocks.mjs'
import { root } from './setup.mjs'

/** Compiled here and left here, for a look at what was compiled. Below the root, so that packages are found. */
const scratch = join(root, 'dist', `docs-${process.pid}`)
const faults = []
const counts = { compiled: 0, excerpts: 0, shell: 0, other: 0 }
/** Compiled file → the page it came from; their lines are the same. */
const origins = new Map()

const pages = process.argv.length > 2 ? process.argv.slice(2) : docPages()
try {
  for (const page of pages) await checkPage(page)
  compile()
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
for (const fault of faults) console.error(fault)
if (faults.length > 0) process.exit(1)
const { compiled, excerpts, shell, other } = counts
console.log(
  `The code of ${pages.length} pages is good: ${compiled} blocks compile, ${excerpts} are excerpts, ${shell} of shell, ${other} others.`,
)

async function checkPage(page) {
  const path = isAbsolute(page) ? page : join(root, page)
  const place = relative(root, path)
  const blocks = blocksOf(readFileSync(path, 'utf8'))
  const modules = []
  for (const block of blocks) {
    const fault = (sentence, line = block.line) => faults.push(`${place}:${line}: ${sentence}`)
    if (/^(ts|js|mjs)$/.test(block.language)) addCode(modules, block, path, fault)
    else if (block.language === 'sh') faults.push(...(await shellFaults(block, place)))
    else if (block.language === 'json') tryJson(block, fault)
    else if (block.language === 'text') counts.other += 1
    else fault(`a block of "${block.language}": mark it as ts, js, sh, json or text`)
  }
  writeModules(modules, place)
}

function addCode(modules, block, page, fault) {
  const { marker, language } = block
  const [, excerpted] = /^from (\S+)$/.exec(marker) ?? []
  const [, file] = /^file=(\S+)$/.exec(marker) ?? []
  if (excerpted !== undefined) {
    counts.excerpts += 1
    const source = join(dirname(page), excerpted)
    if (!existsSync(source)) fault(`there is no ${excerpted}`)
    else if (!unindented(readFileSync(source, 'utf8')).includes(unindented(block.code)))
      fault(`the block differs from ${excerpted}`)
  } else if (marker === 'continues') {
    counts.compiled += 1
    const last = modules.at(-1)
    if (last === undefined) fault('nothing to continue')
    else last.blocks.push(block)
  } else if (marker === '' || file !== undefined) {
    counts.compiled += 1
    modules.push({ name: file ?? `block-${modules.length + 1}.${language === 'ts' ? 'ts' : 'js'}`, blocks: [block] })
  } else {
    fault(`nobody knows what "${marker}" means in an info string`)
  }
}

/** An excerpt may stand further left than it does in its file. */
function unindented(code) {
  return code.replaceAll(/^ +/gm, '')
}

/** Each module with its code on the lines it has in the page, so that the compiler's lines are the page's. */
function writeModules(modules, place) {
  const folder = join(scratch, place.replaceAll(/[^\w]+/g, '-'))
  for (const { name, blocks } of modules) {
    let text = ''
    for (const { line, code } of blocks) text += '\n'.repeat(line - text.split('\n').length) + code
    const file = join(folder, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, /^(import|export)\b/m.test(text) ? text : `${text}export {}\n`)
    origins.set(relative(root, file), place)
  }
}

function compile() {
  if (origins.size === 0) return
  writeFileSync(join(scratch, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  const compilerOptions = { noUnusedLocals: false, noUnusedParameters: false }
  const project = { extends: '../../tsconfig.check.json', compilerOptions, include: ['**/*'] }
  writeFileSync(join(scratch, 'tsconfig.json'), JSON.stringify(project))
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const args = [compiler, '-p', join(scratch, 'tsconfig.json'), '--pretty', 'false']
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  if (status === 0) return
  // What the compiler says further of an error is indented.
  for (const line of `${stdout}${stderr}`.replaceAll(/\n\s+/g, '; ').split('\n').filter(Boolean)) {
    const [, file, at, sentence] = /^(\S+?)\((\d+),\d+\): (.*)$/.exec(line) ?? []
    faults.push(file === undefined ? line : `${origins.get(file) ?? file}:${at}: ${sentence}`)
  }
}

async function shellFaults(block, place) {
  counts.shell += 1
  return (await checkShell(block.code)).map(({ line, sentence }) => `${place}:${block.line + line}: ${sentence}`)
}

function tryJson({ code }, fault) {
  counts.other += 1
  try {
    JSON.parse(code)
  } catch (error) {
    fault(`this is no JSON: ${error.message}`)
  }
}

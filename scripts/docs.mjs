// `npm run docs` writes the pages that are generated from the built core; with `--check` it only compares them, and fails
// naming those that are behind.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { root } from './setup.mjs'

const dist = join(root, 'packages', 'core', 'dist')
const { errorCodes } = await import(join(dist, 'bytes', 'errors.js'))
const { hookTable } = await import(join(dist, 'hooks', 'hook-table.js'))
const signatures = readSignatures(readFileSync(join(dist, 'hooks', 'hooks.d.ts'), 'utf8'))

const { metrics } = await import(join(root, 'packages', 'lab', 'dist', 'metrics.js'))

const pages = { 'docs/HOOKS.md': hooksPage(), 'docs/ERRORS.md': errorsPage(), 'docs/LAB.md': labPage() }
const isCheck = process.argv.includes('--check')
const behind = []
for (const [name, text] of Object.entries(pages)) {
  const path = join(root, name)
  const wanted = await format(text, { ...(await resolveConfig(path)), filepath: path })
  if (readOr(path, '') === wanted) continue
  behind.push(name)
  if (!isCheck) writeFileSync(path, wanted)
}
if (isCheck && behind.length > 0) {
  console.error(`Behind the source: ${behind.join(', ')}. Run npm run docs.`)
  process.exit(1)
}
console.log(behind.length === 0 ? 'The generated pages are up to date.' : `Written: ${behind.join(', ')}.`)

/** Hook name → its line in the interface `HookSignatures`. */
function readSignatures(declarations) {
  const body = /interface HookSignatures \{\n([\s\S]*?)\n\}/.exec(declarations)?.[1] ?? ''
  const lines = body.split('\n').map((line) => line.trim().replace(/;$/, ''))
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('(')), line]))
}

function hooksPage() {
  const rows = Object.entries(hookTable)
  const decides = ([, { answer }]) => answer !== 'Nothing.'
  return `# Hooks

Generated from \`packages/core/src/hooks\` by \`npm run docs\`; change it there. How a plugin taps them is in [PLUGINS.md](PLUGINS.md).

Names tell the kind: verb and noun decide something, a past participle watches. Taps run by stage (early, normal, late),
within a stage in the order in which they were tapped, which is the order of the plugins. All hooks are synchronous except
\`announce\`, which has \`tapPromise\` too.

${rows.filter(decides).map(section).join('\n')}
## Watching

A watching tap answers nothing. It may be an async function: nobody waits for it, and a rejection counts as a failure. A tap
that throws is reported, and the others run.

| hook | called |
| --- | --- |
${rows
  .filter((row) => !decides(row))
  .map(([name, { called }]) => `| \`${call(name)}\` | ${called} |`)
  .join('\n')}

## A tap that fails

One guard is around every tap. A throw, a rejection, an answer of a wrong type and a missed deadline are failures: the hook
goes on as said above, the log has a line, and \`pluginFailed\` gets a \`PluginError\` with the names of the plugin and the hook.
After 5 failures in a row a tap is switched off; only taps of \`acceptPeer\` never are. What fails in \`pluginFailed\` itself is
logged only. A tap that loops forever cannot be isolated: it stops the process.
`
}

/** "peerHas(peer, piece, torrent)" */
function call(name) {
  const inside = signatures[name].slice(name.length + 1, signatures[name].lastIndexOf(')'))
  return `${name}(${inside
    .split(', ')
    .map((part) => part.split(':')[0])
    .join(', ')})`
}

function section([name, { kind, called, answer, onThrow }]) {
  return `## ${name}

\`\`\`text
${signatures[name]}
\`\`\`

- **Kind**: ${kind}
- **Called**: ${sentence(called)}
- **Answer**: ${sentence(answer)}
- **A tap that fails**: ${sentence(onThrow)}
`
}

function sentence(text) {
  return text.endsWith('.') ? text : `${text}.`
}

function errorsPage() {
  return `# Errors

Generated from \`packages/core/src/bytes/errors.ts\` by \`npm run docs\`; change it there.

Everything that Bitloom throws on purpose is a \`BitloomError\` with one of these codes, which do not change, and a message of
one plain sentence. Test with \`isBitloomError(error)\`, which also knows errors of another copy of core in the process, then
branch on \`error.code\`. Some subclasses carry data:

| class | carries |
| --- | --- |
| \`BencodeError\` | \`offset\`: the byte at which reading failed |
| \`MetainfoError\`, \`PathError\` | |
| \`ProtocolError\` | the remote's fault: its connection ends, nothing else |
| \`TrackerError\` | \`retryInMs\`: what the tracker asked for |
| \`StorageError\` | \`path\`: the file or folder; \`retry\`: whether the same call may succeed later |
| \`ResumeError\` | |
| \`PluginError\` | \`plugin\`: its name; \`hook\`: the hook or step (\`options\`, \`bind\`, \`requires\`, \`apply\`, \`close\`) |

| code | meaning |
| --- | --- |
${Object.entries(errorCodes)
  .map(([code, meaning]) => `| \`${code}\` | ${meaning} |`)
  .join('\n')}
`
}

/** The page as it is, with the table of figures written anew. */
function labPage() {
  const rows = Object.entries(metrics).map(([name, { title, unit, meaning, source, ofSwarm }]) => {
    const cited = source === undefined ? '' : ` Source: ${source}.`
    return `| \`${name}\` | ${title}${ofSwarm ? ' †' : ''} | ${unit || '1'} | ${meaning}${cited} |`
  })
  const table = ['| name | figure | unit | meaning |', '| --- | --- | --- | --- |', ...rows].join('\n')
  const begin = '<!-- figures: written by npm run docs from packages/lab/src/metrics.ts -->'
  const page = readFileSync(join(root, 'docs', 'LAB.md'), 'utf8')
  return page.replace(/<!-- figures[\s\S]*<!-- \/figures -->/, () => `${begin}\n\n${table}\n\n<!-- /figures -->`)
}

function readOr(path, otherwise) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return otherwise
  }
}

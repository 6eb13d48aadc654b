// `npm run docs` writes the pages that are generated from the built core; with `--check` it only compares them, and fails
// naming those that are behind.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { root } from './setup.mjs'
import { threatsPage } from './threats-page.mjs'

const dist = join(root, 'packages', 'core', 'dist')
const { errorCodes } = await import(join(dist, 'bytes', 'errors.js'))
const { hookTable } = await import(join(dist, 'hooks', 'hook-table.js'))
const signatures = readSignatures(readFileSync(join(dist, 'hooks', 'hooks.d.ts'), 'utf8'))

const { metrics } = await import(join(root, 'packages', 'lab', 'dist', 'metrics.js'))

const cli = join(root, 'packages', 'cli', 'dist', 'settings')
const schema = await import(join(cli, 'schema.js'))
const { variablesOf } = await import(join(cli, 'environment.js'))

const { definitions } = await import(join(root, 'packages', 'metrics', 'dist', 'definitions.js'))

const pages = {
  'docs/HOOKS.md': hooksPage(),
  'docs/ERRORS.md': errorsPage(),
  'docs/LAB.md': labPage(),
  'docs/SETTINGS.md': settingsPage(),
  'docs/METRICS.md': metricsPage(),
  'docs/THREATS.md': threatsPage(JSON.parse(readFileSync(join(root, 'limits', 'results.json'), 'utf8'))),
}
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

/** What a group has that another lacks. */
function beyond(group, other) {
  return Object.fromEntries(Object.entries(group).filter(([key]) => !(key in other)))
}

function settingsPage() {
  const groups = [
    ['Every verb', schema.common],
    ['`download`, `seed` and `daemon`', schema.engine],
    ['`download` and `seed`', beyond(schema.transfer, schema.engine)],
    ['`download` and `daemon`', schema.incomplete],
    ['`download`', schema.download],
    ['`seed`', schema.seed],
    ['`daemon`', schema.daemon],
    ['`tracker`', schema.tracker],
  ]
  return `# Settings of \`bitloom\`

Generated from \`packages/cli/src/settings/schema.ts\` by \`npm run docs\`; change it there.

A setting is a flag, an environment variable and a key of a configuration file. The strongest source that names it decides:
**flag, environment, \`./bitloom.config.{mjs,js,json}\`, \`$XDG_CONFIG_HOME/bitloom/config.{mjs,js,json}\`** (\`~/.config/bitloom\`
where the variable is not set, and the usual places of macOS and Windows)**, default**. \`--config FILE\` or \`BITLOOM_CONFIG\` names one
file instead of these two, \`--no-config\` none. JSON files may have comments.

\`bitloom config print --origin\` prints what holds and where each value comes from, with the line where it is a JSON file;
without \`--origin\` it prints what is set, with \`--json\` as a configuration that can be used again. \`bitloom config validate\` tells all that is wrong. A key that
is none, a value of the wrong kind and a variable that is nearly the name of one end every verb that uses it with exit
code 28 and a sentence that names the source, the key and what is expected.

Sizes are bytes or a number with \`K\`, \`M\`, \`G\` (of 1024). A list is a repeated flag, a variable with commas, a list in a file. Times of a schedule are local, and go over midnight
where the second is not after the first. A switch is
\`true\` or \`false\` in a file, \`1\`, \`yes\`, \`on\` or their opposites in a variable. \`plugin\` and \`noPlugin\` join what all sources say. Paths are relative to
the working folder, those of \`plugin\` in a file to that file.

Options of plugins are \`--set PLUGIN.KEY=VALUE\`, \`BITLOOM_SET\` (several, with \`;\` between them) and, in a file,
\`"options": { "PLUGIN": { "KEY": VALUE } }\`; \`bitloom plugins info PLUGIN\` lists them.

${groups.map(([title, group]) => `## ${title}\n\n${settingsTable(group)}`).join('\n\n')}
`
}

function settingsTable(group) {
  const rows = Object.entries(group).map(([key, setting]) => {
    const { kind, flags, about, preset, usual } = setting
    const names = [...flags, ...variablesOf(setting).keys()].map((name) => `\`${name}\``)
    const unset = preset === undefined ? (usual ?? 'not set') : `\`${preset}\``
    return `| \`${key}\` | ${names.join('<br>')} | ${about} | ${kind.expected} | ${unset} |`
  })
  return [
    '| key | flag and variable | what it does | value | default |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n')
}

/** The page as it is, with the table of metrics written anew. */
function metricsPage() {
  const rows = definitions.map(({ name, type, labels = [], help }) => {
    return `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`
  })
  const table = ['| metric | type | labels | meaning |', '| --- | --- | --- | --- |', ...rows].join('\n')
  const begin = '<!-- metrics: written by npm run docs from packages/metrics/src/definitions.ts -->'
  const page = readFileSync(join(root, 'docs', 'METRICS.md'), 'utf8')
  return page.replace(/<!-- metrics[\s\S]*<!-- \/metrics -->/, () => `${begin}\n\n${table}\n\n<!-- /metrics -->`)
}

function readOr(path, otherwise) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return otherwise
  }
}

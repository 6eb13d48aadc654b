import { parse, rowsOf } from '../limits/judge.mjs'
import { sections } from '../limits/rows.mjs'

/** docs/THREATS.md, of the rows and of what `npm run limits -- --write` found last. */
export function threatsPage(results) {
  const count = (outcome) => rowsOf().filter(({ promise }) => outcomeOf(results, promise) === outcome).length
  return `# Threats

Generated from \`limits/rows.mjs\` and \`limits/results.json\` by \`npm run docs\`; change it there. \`npm run limits\` runs every test
that is named here and prints the rows; with \`-- --write\` it keeps what it found for this page.

What Bitloom protects: the process (it goes on, and stays within its memory), the data (nothing corrupt is believed or served),
the files of the user (nothing outside of the download folder is read or written for a stranger), the network of the user
(nobody makes Bitloom send requests into it), and secrets (passkeys of trackers). How to report a weakness is in
[SECURITY.md](../SECURITY.md); every limit with its default is in [LIMITS.md](LIMITS.md).

What it does not protect from: plugins, which have all rights of the process; whoever watches the network, since nothing is
encrypted on the way and addresses are public in every swarm; floods that fill the line of the user; other programs of the
same user, which may change files at any time (what they change is found by size and time, or by a check).

Of ${rowsOf().length} rows ${count('passed')} passed when they were run last, ${count('failed')} failed, and ${count('not proved')} are not proved by any test yet: they are named so.

${sections.map((section) => sectionOf(section, results)).join('\n')}`
}

function outcomeOf(results, promise) {
  return results[promise]?.outcome ?? 'not run'
}

function sectionOf({ title, attacker }, results) {
  const rows = rowsOf().filter(({ section }) => section === title)
  const lines = rows.map(({ promise, row }) => {
    const { figure, tests = 0 } = results[promise] ?? {}
    const outcome = outcomeOf(results, promise)
    const found = outcome === 'not proved' ? '**not proved**' : `${outcome}, ${tests} ${tests === 1 ? 'test' : 'tests'}`
    const files = [...new Set(row.tests.map((test) => parse(test).file))]
    const links = files.map((file) => `[${file.split('/').at(-1).replace('.test.ts', '')}](../${file})`).join(', ')
    return `| ${cell(promise)} | ${found}${figure === undefined ? '' : `: ${cell(figure)}`} | ${links} |`
  })
  return `## ${title}

From ${attacker}.

| promise | last run | tests |
| --- | --- | --- |
${lines.join('\n')}
`
}

const cell = (text) => text.replaceAll('_', '\\_').replaceAll('|', '\\|').replaceAll('*', '\\*')

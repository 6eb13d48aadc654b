import { sections } from './rows.mjs'

/** Every row as `{ section, promise, row }`; `row` has tests and perhaps the name of a figure. */
export function rowsOf() {
  return sections.flatMap(({ title, rows }) =>
    rows.map((given) => {
      const [promise, ...tests] = Array.isArray(given) ? given : [given.promise, ...given.tests]
      return { section: title, promise, row: { tests, figure: Array.isArray(given) ? undefined : given.figure } }
    }),
  )
}

/** Where tests are that are of no package. */
const folders = { fuzz: 'fuzz/test', integration: 'integration/test', measured: 'integration/measured' }

/** "core/decode › deep" → the file, and the part of the title. */
export function parse(test) {
  const [where, ...title] = test.split(' › ')
  const [place, ...name] = where.trim().split('/')
  const folder = folders[place] ?? `packages/${place}/test`
  return { file: `${folder}/${name.join('/')}.test.ts`, title: title.join(' › ').trim() }
}

export function pathOf(test) {
  const { file, title } = parse(test)
  return title === '' ? file : `${file}: "${title}"`
}

export function testFiles(rows) {
  return [...new Set(rows.flatMap(({ row }) => row.tests.map((test) => parse(test).file)))].sort()
}

/** What the tests of a row came to. A named test that did not run, or was skipped, fails its row. */
export function judge({ tests: named, figure: figureName }, tests, figures) {
  if (named.length === 0) return { outcome: 'not proved', tests: 0, missing: [] }
  const found = named.map((test) => {
    const { file, title } = parse(test)
    return tests.filter((one) => one.file === file && one.title.includes(title))
  })
  const missing = named.filter((_, at) => !found[at].some(({ status }) => status === 'passed'))
  const all = new Set(found.flat())
  const isGood = missing.length === 0 && [...all].every(({ status }) => status === 'passed')
  const line = figureName === undefined ? undefined : figures.find((one) => one.startsWith(figureName))
  const isTold = figureName === undefined || line !== undefined
  const figure = line?.slice(figureName.length).replace(/^: /, '')
  return { outcome: isGood && isTold ? 'passed' : 'failed', tests: all.size, missing, figure }
}

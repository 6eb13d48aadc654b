import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'

// The checker of the documentation, on pages with one fault each.
const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'bitloom-docs-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What the checker says of a page: its complaints without the name of the page, none where it is content. */
function complaintsOf(...lines: readonly string[]): string[] {
  const page = join(folder, 'page.md')
  writeFileSync(page, lines.join('\n'))
  const checker = join(root, 'scripts/check-docs.mjs')
  const { status, stderr } = spawnSync(process.execPath, [checker, page], { cwd: root, encoding: 'utf8' })
  const complaints = stderr.split('\n').filter((line) => line !== '')
  expect(status).toBe(complaints.length === 0 ? 0 : 1)
  return complaints.map((line) => line.replace(/^\S*page\.md/, ''))
}

const named = "import { PiecePicker } from '@bitloom/core'"

describe('the checker of the documentation', () => {
  it('is content with what compiles, also over several blocks and files', () => {
    const page = [
      ['```ts', named, 'const tokens = [PiecePicker]', '```', '```ts continues', 'tokens.push(PiecePicker)', '```'],
      ['```ts file=src/one.ts', 'export const one = 1', '```'],
      ['```ts file=test/one.test.ts', "import { one } from '../src/one.js'", 'const two: number = one + 1', '```'],
    ]
    expect(complaintsOf(...page.flat())).toEqual([])
  })

  it.each([
    [':3: error TS2339', ['Some text', '```ts', "'text'.size", '```']],
    [':2: error TS2724', ['```ts', "import { Piecepicker } from '@bitloom/core'", '```']],
    [':2: error TS2307', ['```js', "import nothing from '@bitloom/nothing'", '```']],
    [':6: error TS2304', ['```ts', named, '```', '', '```ts', 'PiecePicker', '```']],
    [':6: error TS2322', ['```ts', named, '```', '', '```ts continues', 'const a: string = PiecePicker', '```']],
    [':2: the block differs', ['```ts from excerpt.txt', 'const other = "words"', '```']],
    [':2: nobody knows', ['```ts skip', '```']],
    [':2: a block of "typescript"', ['```typescript', '```']],
    [':2: this is no JSON', ['```json', '{ a: 1 }', '```']],
    [':2: bitloom download has no option --pickr', ['```sh', 'bitloom some.torrent --pickr random', '```']],
    [':3: bitloom seed has no option --list', ['```sh', 'cd here # bitloom --nothing', 'bitloom seed a --list', '```']],
    [':3: bitloom create has no option --nothing', ['```sh', 'npx bitloom create a \\', '  --nothing', '```']],
    [':2: there is no script "complie"', ['```sh', 'npm ci && npm run complie', '```']],
    [':2: there is no package @bitloom/none', ['```sh', 'npm install zod @bitloom/none', '```']],
    [':2: there is no examples/none.js', ['```sh', 'node examples/none.js', '```']],
  ])('says "%s"', (complaint, page) => {
    writeFileSync(join(folder, 'excerpt.txt'), 'const other = "word"\n')
    const complaints = complaintsOf(...page)
    expect(complaints).toHaveLength(1)
    expect(complaints[0]).toContain(complaint)
  })
})

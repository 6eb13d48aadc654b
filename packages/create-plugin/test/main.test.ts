import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { main } from '../src/main.js'

let cwd: string
beforeEach(() => void (cwd = mkdtempSync(join(tmpdir(), 'bitloom-create-'))))
afterEach(() => rmSync(cwd, { recursive: true, force: true }))

/** Runs the command line in `cwd`. With `answers` there is a terminal, at which somebody types them. */
async function run(args: readonly string[], answers?: readonly string[]) {
  const said = { out: '', err: '' }
  const stdin = Object.assign(new PassThrough(), { isTTY: answers !== undefined })
  const stderr = new PassThrough().setEncoding('utf8')
  const left = [...(answers ?? [])]
  stderr.on('data', (text: string) => {
    said.err += text
    if (!/[?:] $/.test(text)) return
    const answer = left.shift()
    if (answer === undefined) stdin.end()
    else stdin.write(`${answer}\n`)
  })
  const stdout = { write: (text: string) => void (said.out += text) }
  const host = { argv: ['node', 'create-plugin', ...args], cwd: () => cwd, stdin, stdout, stderr, exitCode: 0 }
  await main(host as unknown as NodeJS.Process)
  return { ...said, exit: host.exitCode }
}

const nameIn = (folder: string): unknown =>
  (JSON.parse(readFileSync(join(cwd, folder, 'package.json'), 'utf8')) as { readonly name: unknown }).name

describe('the command line', () => {
  it('makes a plugin and says how to go on', async () => {
    const { out, exit } = await run(['my-picker', '--kind', 'picker'])
    expect(exit).toBe(0)
    expect(out).toMatch(
      /^Made my-picker, a piece picker: \d+ files.*\n\n {2}cd my-picker\n {2}npm install\n {2}npm test\n/,
    )
    expect(nameIn('my-picker')).toBe('my-picker')
  })

  it.each([
    [['sub/dir/slow', '-k', 'hooks'], 'sub/dir/slow', 'slow'],
    [['@me/slow', '-k', 'hooks'], 'slow', '@me/slow'],
    [['here', '-k', 'hooks', '--name', '@me/slow'], 'here', '@me/slow'],
    [['.', '-k', 'hooks', '--name', 'slow'], '.', 'slow'],
  ])('takes %j', async (args, folder, name) => {
    expect((await run(args)).exit).toBe(0)
    expect(nameIn(folder)).toBe(name)
  })

  it.each([
    [[], /npm create @bitloom\/plugin my-picker -- --kind picker/],
    [['slow'], /--kind picker/],
    [['slow', '--kind', 'nothing'], /picker, choker, storage/],
    [['Slow', '--kind', 'hooks'], /"Slow" cannot be the name/],
    [['slow', '--kind', 'hooks', '--more'], /--more/],
  ])('refuses %j where nobody can be asked', async (args, sentence) => {
    const { out, err, exit } = await run(args)
    expect({ out, exit }).toEqual({ out: '', exit: 1 })
    expect(err).toMatch(sentence)
    expect(existsSync(join(cwd, 'slow'))).toBe(false)
  })

  it('asks a person for what is missing, and again after a bad answer', async () => {
    const { err, exit } = await run([], ['none', '2', 'No Good', '', 'never asked'])
    expect(exit).toBe(0)
    expect(err).toContain('"No Good" cannot be the name')
    expect(nameIn('my-choker')).toBe('my-choker')
    expect((await run(['slow'], ['hooks'])).exit).toBe(0)
    expect(nameIn('slow')).toBe('slow')
  })

  it('asks nothing where all is said', async () => {
    expect((await run(['slow', '-k', 'hooks'], [])).err).toBe('')
  })

  it('ends when the person does', async () => {
    const { err, exit } = await run([], ['picker'])
    expect(err).toContain('give the name and --kind as arguments')
    expect(exit).toBe(1)
  })

  it('has help and a version', async () => {
    const { out, exit } = await run(['--help'])
    expect(exit).toBe(0)
    for (const word of ['picker', 'choker', 'storage', 'tracker', 'extension', 'hooks', '--force', '--name'])
      expect(out).toContain(word)
  })
})

import { type Interface, createInterface } from 'node:readline/promises'
import { type Kind, isKind, kindNames, kinds } from './kinds.js'
import { CreateError, namesOf } from './names.js'

/** The streams of a terminal. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream
  readonly output: NodeJS.WritableStream
}

/** Asks for what was not given, again where an answer makes no sense. @throws CreateError when the input ends */
export async function askFor(
  terminal: Terminal,
  given: { readonly target: string | undefined; readonly kind: Kind | undefined },
): Promise<{ readonly target: string; readonly kind: Kind }> {
  const lines = createInterface(terminal)
  try {
    const kind = given.kind ?? (await askKind(lines, terminal))
    const target =
      given.target ?? (await ask(lines, `Its name (my-${kind}): `, (text) => nameFrom(text, terminal, kind)))
    return { target, kind }
  } finally {
    lines.close()
  }
}

async function askKind(lines: Interface, { output }: Terminal): Promise<Kind> {
  for (const [index, name] of kindNames.entries()) {
    output.write(`  ${index + 1}  ${name.padEnd(11)}${kinds[name].summary}\n`)
  }
  return ask(lines, 'What shall it be (a number or a word)? ', (text) => {
    const kind = kindNames[Number(text) - 1] ?? text
    return isKind(kind) ? kind : undefined
  })
}

/** The name, the usual one for an empty line, or `undefined` for a bad one, which is explained. */
function nameFrom(text: string, { output }: Terminal, kind: Kind): string | undefined {
  if (text === '') return `my-${kind}`
  try {
    return namesOf(text).package
  } catch (error) {
    output.write(`${(error as Error).message}\n`)
    return undefined
  }
}

async function ask<T>(lines: Interface, question: string, read: (text: string) => T | undefined): Promise<T> {
  const ended = new Promise<never>((_, reject) => {
    lines.once('close', () => reject(new CreateError('No answer: give the name and --kind as arguments')))
  })
  ended.catch(() => {})
  for (;;) {
    const value = read((await Promise.race([lines.question(question), ended])).trim())
    if (value !== undefined) return value
  }
}

/** Longer ones are cut: no list has such lines, and what is not kept costs nothing. */
export const longestLineBytes = 4_096

/** Splits chunks of bytes into lines, at LF, CR or CRLF; at most one line is held. Text is latin-1: names do not matter. */
export class LineSplitter {
  readonly #line: (text: string) => void
  #rest = ''
  #endedInCr = false

  constructor(line: (text: string) => void) {
    this.#line = line
  }

  push(chunk: Buffer): void {
    const text = chunk.toString('latin1')
    let from = this.#endedInCr && text.startsWith('\n') ? 1 : 0
    if (text !== '') this.#endedInCr = text.endsWith('\r')
    for (let at = nextEnd(text, from); at < text.length; at = nextEnd(text, from)) {
      this.#keep(text, from, at)
      this.#line(this.#rest)
      this.#rest = ''
      from = text[at] === '\r' && text[at + 1] === '\n' ? at + 2 : at + 1
    }
    this.#keep(text, from, text.length)
  }

  end(): void {
    if (this.#rest !== '') this.#line(this.#rest)
    this.#rest = ''
  }

  #keep(text: string, from: number, to: number): void {
    const room = longestLineBytes - this.#rest.length
    this.#rest += text.slice(from, Math.min(to, from + room))
  }
}

function nextEnd(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 10 || code === 13) return at
  }
  return text.length
}

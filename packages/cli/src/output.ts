import { type BitloomEvent, errorEvent, formatEvent } from './events.js'
import { createCauses } from './causes.js'
import { causeOf, sentenceOf } from './exit-codes.js'

/** Where text goes: standard output or standard error. Writing never throws; a closed stream swallows it. */
export interface TextStream {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
  write(text: string | Uint8Array): unknown
}

/** What verbs say and where: results on stdout, everything else on stderr. */
export interface Output {
  readonly json: boolean
  readonly quiet: boolean
  readonly colored: boolean
  readonly stdout: TextStream
  readonly stderr: TextStream
  /** A result for people, with a newline added. Not printed with `--json`. */
  result(text: string): void
  /** A result for programs, with a newline added. Printed only with `--json`. */
  document(value: unknown): void
  /** A line of a long-running verb. Printed only with `--json`. */
  event(event: BitloomEvent): void
  /** A remark on stderr; not with `-q`. */
  note(text: string): void
  /** Something that may matter, on stderr; not with `-q`. Once for each cause, which is the text unless one is given. */
  warn(text: string, repeated?: { readonly cause: string; readonly about?: string }): void
  /**
   * One plain sentence on stderr, and an `error` event with `--json`. Of several torrents that end for the same cause the
   * first is said, and the event comes for each.
   */
  fail(error: unknown, torrent?: { readonly infoHash: string; readonly name: string }): void
  /** Says how often what was said came again, and about what. */
  counts(): void
}

export interface OutputOptions {
  readonly json: boolean
  readonly quiet: boolean
  readonly color: 'auto' | 'always' | 'never'
  readonly env: NodeJS.ProcessEnv
  readonly stdout: TextStream
  readonly stderr: TextStream
  readonly wallMs: () => number
  /** Called before a line goes to stderr, so that a redrawn progress block can make room. */
  readonly beforeLine?: () => void
}

/** Makes the output of one run. */
export function createOutput(options: OutputOptions): Output {
  const { json, quiet, stdout, stderr } = options
  const line = (text: string): void => {
    options.beforeLine?.()
    stderr.write(`${text}\n`)
  }
  const colored = wantsColor(options.color, options.env, stderr.isTTY === true)
  const paint = (code: number, text: string): string => (colored ? `\u001b[${code}m${text}\u001b[0m` : text)
  const event = (value: BitloomEvent): void => {
    if (json) stdout.write(`${formatEvent(value, options.wallMs())}\n`)
  }
  const [warnings, errors] = [createCauses(), createCauses()]
  const warning = (text: string): void => void (quiet || line(`${paint(33, 'warning:')} ${printable(text)}`))
  const failure = (text: string): void => line(`${paint(31, 'error:')} ${printable(text)}`)
  return {
    json,
    quiet,
    colored,
    stdout,
    stderr,
    event,
    result: (text) => void (json || stdout.write(`${text}\n`)),
    document: (value) => void (json && stdout.write(`${JSON.stringify(value)}\n`)),
    note: (text) => void (quiet || line(text)),
    warn(text, { cause = text, about } = { cause: text }) {
      if (warnings.isNew(cause, text, about)) warning(text)
    },
    fail(error, torrent) {
      event(errorEvent(error, torrent?.infoHash))
      const text = sentenceOf(error)
      if (torrent === undefined || errors.isNew(causeOf(error), text, torrent.name)) failure(text)
    },
    counts() {
      for (const text of warnings.counts()) warning(text)
      for (const text of errors.counts()) failure(text)
    },
  }
}

/** `--color`, then FORCE_COLOR, NO_COLOR, TERM=dumb, then whether it is a terminal. */
export function wantsColor(choice: 'auto' | 'always' | 'never', env: NodeJS.ProcessEnv, isTty: boolean): boolean {
  if (choice !== 'auto') return choice === 'always'
  const force = env['FORCE_COLOR']
  if (force !== undefined) return force !== '0' && force !== 'false'
  if ((env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb') return false
  return isTty
}

/** Text from outside (names, tracker messages) without control characters, so that it cannot steer a terminal. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\u{fffd}')
}

/** `1.5 GiB`; three significant digits. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  const exponent = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10))
  const value = bytes / 1024 ** exponent
  return `${exponent === 0 ? Math.round(value) : value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${units[exponent]}`
}

/** `1h02m`, `3m05s`, `12s`; `-` where it cannot be told. */
export function formatDuration(seconds: number | undefined): string {
  if (seconds === undefined || !Number.isFinite(seconds)) return '-'
  const whole = Math.ceil(seconds)
  const two = (value: number): string => String(value).padStart(2, '0')
  if (whole >= 86_400) return `${Math.floor(whole / 86_400)}d${two(Math.floor((whole % 86_400) / 3600))}h`
  if (whole >= 3600) return `${Math.floor(whole / 3600)}h${two(Math.floor((whole % 3600) / 60))}m`
  return whole >= 60 ? `${Math.floor(whole / 60)}m${two(whole % 60)}s` : `${whole}s`
}

/** Lower-case hexadecimal. */
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
}

import { StorageError } from '@bitloom/core'
import { describe, expect, it } from 'vitest'
import { errorEvent, formatEvent } from '../src/events.js'
import { createOutput, formatBytes, formatDuration, printable, wantsColor } from '../src/output.js'

/** A stream that keeps what is written. */
function keep(isTTY = false): { text: string; isTTY: boolean; columns: number; write(text: string): boolean } {
  return {
    text: '',
    isTTY,
    columns: 80,
    write(text) {
      this.text += text
      return true
    },
  }
}

function outputs(options: { json?: boolean; quiet?: boolean } = {}) {
  const stdout = keep()
  const stderr = keep()
  const output = createOutput({
    json: options.json ?? false,
    quiet: options.quiet ?? false,
    color: 'auto',
    env: {},
    stdout,
    stderr,
    wallMs: () => 0,
  })
  return { output, stdout, stderr }
}

describe('output', () => {
  it('prints results on stdout and remarks on stderr', () => {
    const { output, stdout, stderr } = outputs()
    output.result('found')
    output.document({ never: true })
    output.event({ event: 'seeding', infoHash: 'aa' })
    output.note('by the way')
    expect(stdout.text).toBe('found\n')
    expect(stderr.text).toBe('by the way\n')
  })

  it('prints only JSON on stdout with --json', () => {
    const { output, stdout } = outputs({ json: true })
    output.result('found')
    output.document({ found: 1 })
    output.event({ event: 'seeding', infoHash: 'aa' })
    expect(stdout.text).toBe('{"found":1}\n{"event":"seeding","time":"1970-01-01T00:00:00.000Z","infoHash":"aa"}\n')
  })

  it('says errors with -q too, remarks not', () => {
    const { output, stderr } = outputs({ quiet: true })
    output.note('by the way')
    output.fail(new Error('it broke'))
    expect(stderr.text).toBe('error: it broke\n')
  })

  it('keeps control characters of others off the terminal', () => {
    const { output, stderr } = outputs()
    output.fail(new Error('tracker says \u001b[2J\u202egnp'))
    expect(stderr.text).toBe('error: tracker says \u{fffd}[2J\u{fffd}gnp\n')
    expect(printable('a\tb')).toBe('a\tb')
  })
})

describe('events', () => {
  it('begin with event and time, are compact, and keep null', () => {
    const line = formatEvent(
      {
        event: 'progress',
        infoHash: 'aa',
        receivedBytes: 1,
        verifiedBytes: 2,
        wastedBytes: 3,
        uploadedBytes: 4,
        downRate: 5,
        upRate: 6,
        peers: 7,
        etaSeconds: null,
      },
      1_700_000_000_000,
    )
    expect(line).toBe(
      '{"event":"progress","time":"2023-11-14T22:13:20.000Z","infoHash":"aa","receivedBytes":1,"verifiedBytes":2,"wastedBytes":3,"uploadedBytes":4,"downRate":5,"upRate":6,"peers":7,"etaSeconds":null}',
    )
  })

  it('an error names its code, torrent and path where it has one', () => {
    const error = new StorageError('NO_SPACE', 'The disk is full', { path: '/data/x', retry: true })
    expect(errorEvent(error, 'aa')).toEqual({
      event: 'error',
      code: 'NO_SPACE',
      message: 'The disk is full',
      infoHash: 'aa',
      path: '/data/x',
    })
    expect(errorEvent(new Error('odd'))).toEqual({ event: 'error', code: 'OTHER', message: 'odd' })
  })
})

describe('colour', () => {
  it.each([
    ['always', {}, false, true],
    ['never', { FORCE_COLOR: '1' }, true, false],
    ['auto', { FORCE_COLOR: '1', NO_COLOR: '1' }, false, true],
    ['auto', { FORCE_COLOR: '0' }, true, false],
    ['auto', { NO_COLOR: '1' }, true, false],
    ['auto', { NO_COLOR: '' }, true, true],
    ['auto', { TERM: 'dumb' }, true, false],
    ['auto', {}, true, true],
    ['auto', {}, false, false],
  ] as const)('%s with %j on a terminal (%s): %s', (choice, env, isTty, expected) =>
    expect(wantsColor(choice, env, isTty)).toBe(expected),
  )
})

describe('figures', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.00 KiB'],
    [1536, '1.50 KiB'],
    [10 * 1024 ** 2, '10.0 MiB'],
    [512 * 1024 ** 3, '512 GiB'],
  ])('%d bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text))

  it.each([
    [undefined, '-'],
    [Number.POSITIVE_INFINITY, '-'],
    [0, '0s'],
    [59.2, '1m00s'],
    [185, '3m05s'],
    [3720, '1h02m'],
    [90_000, '1d01h'],
  ])('%j seconds are %s', (seconds, text) => expect(formatDuration(seconds)).toBe(text))
})

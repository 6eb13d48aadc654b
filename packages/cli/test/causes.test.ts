import { StorageError } from '@bitloom/core'
import { describe, expect, it } from 'vitest'
import { createCauses } from '../src/causes.js'
import { CliError } from '../src/exit-codes.js'
import { createOutput } from '../src/output.js'

function outputs() {
  const lines: string[] = []
  const events: string[] = []
  const output = createOutput({
    json: true,
    quiet: false,
    color: 'never',
    env: {},
    stdout: { write: (text) => events.push(String(text)) },
    stderr: { write: (text) => lines.push(String(text)) },
    wallMs: () => 0,
  })
  return { output, lines, events }
}

const lonely = (name: string) => new CliError('NO_PEERS', `No peer of ${name} was met within 30s`)

describe('what comes again', () => {
  it('is said once, and counted with whom it was about', () => {
    const causes = createCauses()
    expect(causes.isNew('full', 'the disk is full')).toBe(true)
    expect(causes.counts()).toEqual([])
    for (const name of ['a', 'b', 'b', 'c', 'd', 'e']) expect(causes.isNew('full', 'as before', name)).toBe(false)
    causes.isNew('other', 'it broke')
    causes.isNew('other', 'it broke')
    expect(causes.counts()).toEqual(['6 times more, for a, b, c and 2 more: the disk is full', 'once more: it broke'])
    expect(causes.counts()).toEqual([])
  })

  it('of twenty torrents is one line and one with the count; programs hear of each', () => {
    const { output, lines, events } = outputs()
    for (let index = 1; index <= 20; index++) output.fail(lonely(`t${index}`), { infoHash: 'aa', name: `t${index}` })
    expect(lines).toEqual(['error: No peer of t1 was met within 30s\n'])
    expect(events).toHaveLength(20)
    output.counts()
    expect(lines.slice(1)).toEqual([
      'error: 19 times more, for t2, t3, t4 and 16 more: No peer of t1 was met within 30s\n',
    ])
  })

  it('of different causes is said each, and so is what is about no torrent', () => {
    const { output, lines } = outputs()
    const about = { infoHash: 'aa', name: 't' }
    const broken = (code: string) =>
      new StorageError('IO', `${code} it broke`, {
        path: '/x',
        retry: false,
        cause: Object.assign(new Error(), { code }),
      })
    for (const error of [lonely('t'), broken('EIO'), broken('EMFILE'), broken('EIO')]) output.fail(error, about)
    output.fail(lonely('t'))
    expect(lines).toHaveLength(4)
  })

  it('is one warning for each cause, which need not be the text', () => {
    const { output, lines } = outputs()
    output.warn('tracker a: no answer', { cause: 'no answer', about: 'a' })
    output.warn('tracker b: no answer', { cause: 'no answer', about: 'b' })
    output.warn('by the way')
    output.warn('by the way')
    output.counts()
    expect(lines).toEqual([
      'warning: tracker a: no answer\n',
      'warning: by the way\n',
      'warning: once more, for b: tracker a: no answer\n',
      'warning: once more: by the way\n',
    ])
  })
})

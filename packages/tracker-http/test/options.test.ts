import { describe, expect, it } from 'vitest'
import { optionsSchema } from '../src/options.js'

const validate = (value: unknown) => optionsSchema['~standard'].validate(value)

describe('options', () => {
  it.each([
    undefined,
    {},
    { connectTimeoutMs: 1, timeoutMs: 2, maxAnswerBytes: 3, maxRedirects: 0, proxy: false, userAgent: 'x', ca: '' },
    { proxy: 'https://proxy.example:3128' },
    { timeoutMs: undefined },
  ])('takes %j', (value) => expect(validate(value)).toEqual({ value: value ?? {} }))

  it.each([
    [{ timeoutMs: 0 }, 'timeoutMs'],
    [{ timeoutMs: '5' }, 'timeoutMs'],
    [{ connectTimeoutMs: 1.5 }, 'connectTimeoutMs'],
    [{ maxAnswerBytes: -1 }, 'maxAnswerBytes'],
    [{ maxRedirects: -1 }, 'maxRedirects'],
    [{ proxy: true }, 'proxy'],
    [{ proxy: 'socks5://a' }, 'proxy'],
    [{ proxy: 'http://' }, 'proxy'],
    [{ userAgent: 'a\r\nb: c' }, 'userAgent'],
    [{ ca: 1 }, 'ca'],
    [{ timeout: 1 }, 'timeout'],
    [{ constructor: 1 }, 'constructor'],
  ])('refuses %j', (value, name) => {
    expect(validate(value)).toEqual({ issues: [{ message: expect.any(String), path: [name] }] })
  })

  it.each([5, 'x', [], null])('refuses %j as a whole', (value) => {
    expect(validate(value)).toEqual({ issues: [{ message: 'must be an object' }] })
  })
})

import { describe, expect, it } from 'vitest'
import { Line } from '../src/driver/line.js'
import { settleMicrotasks } from './support/virtual-clock.js'

/** Checks a, b, c … that end when they are told to. */
function scene(limit: number) {
  const limits = { now: limit }
  const line = new Line(() => limits.now)
  const log: string[] = []
  const ends = new Map<string, () => void>()
  const start = (name: string, signal = new AbortController().signal): void => {
    line
      .run(signal, () => {
        log.push(`${name} begins`)
        return new Promise<void>((resolve) => ends.set(name, resolve))
      })
      .then(
        () => log.push(`${name} ends`),
        () => log.push(`${name} is ended`),
      )
  }
  const end = async (name: string): Promise<void> => {
    ends.get(name)?.()
    await settleMicrotasks()
  }
  const told = async (): Promise<string> => {
    await settleMicrotasks()
    return log.splice(0).join(', ')
  }
  return { line, limits, start, end, told }
}

describe('checks', () => {
  it('are at work so many at a time, the others in the order they came', async () => {
    const { start, end, told } = scene(2)
    for (const name of 'abcd') start(name)
    expect(await told()).toBe('a begins, b begins')
    await end('b')
    expect(await told()).toBe('b ends, c begins')
    await end('a')
    await end('c')
    await end('d')
    expect(await told()).toBe('a ends, d begins, c ends, d ends')
  })

  it('that are given up while they wait are in nobody’s way', async () => {
    const { start, end, told } = scene(1)
    const gone = new AbortController()
    start('a')
    start('b', gone.signal)
    start('c')
    gone.abort()
    expect(await told()).toBe('a begins, b is ended')
    await end('a')
    expect(await told()).toBe('a ends, c begins')
  })

  it('that are given up in the moment their turn comes hand it on', async () => {
    const { start, end, told } = scene(1)
    const gone = new AbortController()
    start('a')
    start('b', gone.signal)
    start('c')
    await told()
    void end('a')
    await Promise.resolve()
    gone.abort()
    await end('b')
    await end('c')
    expect(await told()).toContain('c begins')
  })

  it('follow a limit that grows', async () => {
    const { line, limits, start, told } = scene(1)
    for (const name of 'abc') start(name)
    await told()
    limits.now = 3
    line.limitChanged()
    expect(await told()).toBe('b begins, c begins')
  })
})

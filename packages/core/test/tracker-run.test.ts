import { describe, expect, it } from 'vitest'
import { TrackerError } from '../src/bytes/errors.js'
import type { Clock } from '../src/ports/clock.js'
import { type IpEndpoint, ipEndpoint } from '../src/ports/endpoint.js'
import type { AnnounceAnswer } from '../src/ports/tracker-client.js'
import { announceOverAll, familyGraceMs, resolveTracker, withDeadline } from '../src/ports/tracker-run.js'

const url = 'http://t.example.com/announce?passkey=secretsecret'
const never = (): Promise<never> => new Promise(() => {})

function handClock(): Clock & { readonly pending: Map<number, () => void> } {
  const pending = new Map<number, () => void>()
  return {
    pending,
    nowMs: () => 0,
    wallMs: () => 0,
    after(delayMs, run) {
      pending.set(delayMs, run)
      return () => void pending.delete(delayMs)
    },
  }
}

describe('withDeadline', () => {
  const run = (clock: Clock, signal = new AbortController().signal) => ({ url, clock, timeoutMs: 30_000, signal })

  it('answers, ends the signal of the work and leaves no timer', async () => {
    const clock = handClock()
    let inner: AbortSignal | undefined
    const answer = await withDeadline(run(clock), (signal) => {
      inner = signal
      return Promise.resolve(7)
    })
    expect([answer, inner?.aborted, clock.pending.size]).toEqual([7, true, 0])
  })

  it('ends work that never settles, at the time', async () => {
    const clock = handClock()
    const result = withDeadline(run(clock), never)
    clock.pending.get(30_000)?.()
    await expect(result).rejects.toMatchObject({
      code: 'TRACKER_UNREACHABLE',
      message: 'the tracker http://t.example.com/announce?passkey=*** did not answer within 30 s',
    })
  })

  it('ends at once when the signal aborts, before or during the work', async () => {
    const clock = handClock()
    const controller = new AbortController()
    const during = withDeadline(run(clock, controller.signal), never)
    controller.abort()
    await expect(during).rejects.toMatchObject({ code: 'TRACKER_UNREACHABLE' })
    let started = false
    const before = withDeadline(run(clock, AbortSignal.abort()), () => {
      started = true
      return never()
    })
    await expect(before).rejects.toMatchObject({ code: 'TRACKER_UNREACHABLE' })
    expect([started, clock.pending.size]).toEqual([false, 0])
  })
})

describe('resolveTracker', () => {
  const resolve = (host: string, addresses: readonly string[]): Promise<readonly string[]> =>
    resolveTracker({ resolve: () => Promise.resolve(addresses) }, host, new AbortController().signal)

  it('leaves out what a public name may not lead to', async () => {
    expect(await resolve('a.example.com', ['10.0.0.1', '93.184.216.34', '::1'])).toEqual(['93.184.216.34'])
    expect(await resolve('localhost', ['::1', '127.0.0.1'])).toEqual(['::1', '127.0.0.1'])
  })

  it('refuses a public name with near addresses only', async () => {
    await expect(resolve('a.example.com', ['127.0.0.1'])).rejects.toMatchObject({
      code: 'TRACKER_FORBIDDEN',
      message: 'the tracker host a.example.com leads to 127.0.0.1, which is not a public address',
    })
  })

  it('says when there is no address', async () => {
    await expect(resolve('a.example.com', [])).rejects.toMatchObject({ code: 'TRACKER_UNREACHABLE' })
    const failing = { resolve: () => Promise.reject(new Error('ENOTFOUND')) }
    const result = resolveTracker(failing, 'a.example.com', new AbortController().signal)
    await expect(result).rejects.toMatchObject({ code: 'TRACKER_UNREACHABLE' })
  })
})

describe('announceOverAll', () => {
  const peer = (host: string): IpEndpoint => ipEndpoint(host, 1) as IpEndpoint
  const signal = new AbortController().signal
  const good = (answer: AnnounceAnswer) => () => Promise.resolve(answer)
  const bad = (failure: TrackerError) => () => Promise.reject(failure)

  it('joins the peers of both families', async () => {
    const [a, b, c] = [peer('10.0.0.1'), peer('10.0.0.2'), peer('::5')]
    const answer = await announceOverAll(
      [good({ peers: [a, b], intervalMs: 1 }), good({ peers: [b, c], intervalMs: 2, warning: 'w' })],
      handClock(),
      signal,
    )
    expect(answer).toEqual({ peers: [a, b, c], intervalMs: 1, warning: 'w' })
  })

  it('does not wait for a dead family longer than the grace, and ends it', async () => {
    const clock = handClock()
    let dead: AbortSignal | undefined
    const hang = (inner: AbortSignal): Promise<never> => {
      dead = inner
      return never()
    }
    const result = announceOverAll([hang, good({ peers: [] })], clock, signal)
    await Promise.resolve()
    await Promise.resolve()
    clock.pending.get(familyGraceMs)?.()
    expect(await result).toEqual({ peers: [] })
    expect(dead?.aborted).toBe(true)
  })

  it('one family is enough; if all fail, what a tracker said comes first', async () => {
    const network = new TrackerError('TRACKER_UNREACHABLE', 'no route')
    const refusal = new TrackerError('TRACKER_FAILURE', 'not registered')
    expect(await announceOverAll([bad(network), good({ peers: [] })], handClock(), signal)).toEqual({ peers: [] })
    await expect(announceOverAll([bad(network), bad(refusal)], handClock(), signal)).rejects.toBe(refusal)
  })
})

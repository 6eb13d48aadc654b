import { describe, expect, it } from 'vitest'
import { isWithin, type SchedulePeriod } from '../src/session/limit-schedule.js'
import { bench } from './support/fake-engine.js'

const minute = 60_000
const hour = 60 * minute

/** A local time in a week that begins with Sunday, 1 November 2026. */
const at = (day: string, time: string): Date => {
  const [hours = 0, minutes = 0] = time.split(':').map(Number)
  const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
  return new Date(2026, 10, 1 + days.indexOf(day), hours, minutes)
}

describe('a period', () => {
  const work: SchedulePeriod = { days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '08:00', to: '17:30' }
  const night: SchedulePeriod = { days: ['fri'], from: '22:00', to: '06:00' }
  it.each([
    [work, 'mon', '07:59', false],
    [work, 'mon', '08:00', true],
    [work, 'fri', '17:29', true],
    [work, 'fri', '17:30', false],
    [work, 'sat', '12:00', false],
    [night, 'fri', '21:59', false],
    [night, 'fri', '22:00', true],
    [night, 'sat', '05:59', true],
    [night, 'sat', '06:00', false],
    [night, 'fri', '03:00', false],
    [night, 'sat', '23:00', false],
    [{ from: '00:00', to: '24:00' }, 'sun', '23:59', true],
    [{ from: '09:00', to: '09:00' }, 'sun', '08:59', true],
    [{ days: ['sun'], from: '09:00', to: '09:00' }, 'sun', '08:59', false],
    [{ days: ['sat'], from: '23:00', to: '01:00' }, 'sun', '00:30', true],
  ] as const)('%j on %s at %s: %s', (period, day, time, expected) => {
    expect(isWithin([period], at(day, time))).toBe(expected)
  })

  it('counts where any of them does', () => {
    expect(isWithin([work, night], at('fri', '23:00'))).toBe(true)
    expect(isWithin([], at('fri', '23:00'))).toBe(false)
  })
})

describe('a session with a schedule', () => {
  /** At 07:30 on a Monday. */
  async function morning() {
    const { clock, start, made } = bench()
    clock.jumpMs = at('mon', '07:30').getTime() - clock.wallMs()
    const session = await start([], { limits: { downBytesPerSecond: 5_000_000, maxPeers: 80 } })
    const schedule = {
      periods: [{ from: '08:00', to: '10:00' }],
      limits: { downBytesPerSecond: 100_000, upBytesPerSecond: 10_000 },
    }
    const down = (): number | undefined => session.limits.downBytesPerSecond
    return { clock, session, schedule, down, made }
  }

  it('has other limits meanwhile, from the minute on, and its own afterwards', async () => {
    const { clock, session, schedule, down } = await morning()
    session.schedule(schedule)
    await clock.advance(30 * minute - 1)
    expect(down()).toBe(5_000_000)
    await clock.advance(1)
    expect(session.limits).toMatchObject({ downBytesPerSecond: 100_000, upBytesPerSecond: 10_000, maxPeers: 80 })
    session.setLimits({ downBytesPerSecond: 6_000_000 })
    expect(down()).toBe(100_000)
    await clock.advance(2 * hour)
    expect(session.limits).toMatchObject({ downBytesPerSecond: 6_000_000, upBytesPerSecond: undefined })
    await session.close()
    expect(clock.pending).toBe(0)
  })

  it.each([2, -2])('notices within a minute that the wall clock was set by %i h', async (hours) => {
    const { clock, session, schedule, down } = await morning()
    session.schedule(schedule)
    await clock.advance(hours > 0 ? 0 : hour)
    const before = down()
    clock.jumpMs += hours * hour - (hours > 0 ? 45 * minute : 0)
    await clock.advance(minute)
    expect([before, down()]).toEqual(hours > 0 ? [5_000_000, 100_000] : [100_000, 5_000_000])
    clock.jumpMs += 24 * hour
    await clock.advance(minute)
    expect(down()).toBe(hours > 0 ? 100_000 : 5_000_000)
  })

  it('takes another schedule, or none, at once', async () => {
    const { clock, session, schedule, down } = await morning()
    session.schedule(schedule)
    await clock.advance(hour)
    session.schedule({ ...schedule, limits: { downBytesPerSecond: 200_000 } })
    expect(session.limits).toMatchObject({ downBytesPerSecond: 200_000, upBytesPerSecond: undefined })
    session.schedule({ ...schedule, periods: [{ days: ['sun'], from: '00:00', to: '24:00' }] })
    expect(down()).toBe(5_000_000)
    session.schedule(schedule)
    expect(down()).toBe(100_000)
    session.schedule(undefined)
    expect(down()).toBe(5_000_000)
    expect(clock.pending).toBe(0)
  })

  it.each([
    [{ periods: [{ from: '8:00', to: '10:00' }], limits: {} }, '"8:00" is no time of day: write HH:MM, 00:00 to 24:00'],
    [
      { periods: [{ from: '08:00', to: '24:01' }], limits: {} },
      '"24:01" is no time of day: write HH:MM, 00:00 to 24:00',
    ],
    [
      { periods: [{ from: '08:60', to: '10:00' }], limits: {} },
      '"08:60" is no time of day: write HH:MM, 00:00 to 24:00',
    ],
    [
      { periods: [{ days: ['monday'], from: '08:00', to: '10:00' }], limits: {} },
      '"monday" is no day: there are sun, mon, tue, wed, thu, fri, sat',
    ],
    [{ periods: [], limits: { maxPeers: 0 } }, 'the limit maxPeers must be a whole number above 0, not 0'],
  ])('refuses %j', async (schedule, message) => {
    const { clock, session } = await morning()
    const refusal = expect.objectContaining({ code: 'INVALID_ARGUMENT', message }) as Error
    expect(() => session.schedule(schedule as never)).toThrow(refusal)
    expect(clock.pending).toBe(0)
  })
})

import { BitloomError } from '../bytes/errors.js'
import type { SessionLimits } from '../driver/api.js'
import type { Clock } from '../ports/clock.js'

/** As `Date.getDay` counts them. */
export const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const
const dayMinutes = 1_440
/** A wall clock that is set is seen after so long. */
const lookEveryMs = 60_000

export type Weekday = (typeof weekdays)[number]

/** A time of day on some days, local time. */
export interface SchedulePeriod {
  /** On which days it begins; default all. */
  readonly days?: readonly Weekday[]
  /** "HH:MM", from 00:00. */
  readonly from: string
  /** "HH:MM" to 24:00, this minute excluded. Not after `from`: on the next day. */
  readonly to: string
}

/** Other limits for a time: what is named replaces the session's in any of the periods. */
export interface LimitSchedule {
  readonly periods: readonly SchedulePeriod[]
  readonly limits: Partial<SessionLimits>
}

/** Minutes of a day. @throws BitloomError INVALID_ARGUMENT */
function minutesOf(text: string): number {
  const [, hours, minutes] = /^(\d\d):(\d\d)$/.exec(text) ?? []
  const total = Number(hours) * 60 + Number(minutes)
  if (Number(minutes) < 60 && total <= dayMinutes) return total
  throw new BitloomError('INVALID_ARGUMENT', `"${text}" is no time of day: write HH:MM, 00:00 to 24:00`)
}

/** @throws BitloomError INVALID_ARGUMENT for what is no time or no day */
export function checkPeriods(periods: readonly SchedulePeriod[]): void {
  for (const period of periods) {
    minutesOf(period.from)
    minutesOf(period.to)
    for (const day of period.days ?? []) {
      if (weekdays.includes(day)) continue
      throw new BitloomError('INVALID_ARGUMENT', `"${String(day)}" is no day: there are ${weekdays.join(', ')}`)
    }
  }
}

/** Whether a local time lies in one of the periods. */
export function isWithin(periods: readonly SchedulePeriod[], time: Date): boolean {
  const now = time.getHours() * 60 + time.getMinutes()
  const isOn = (period: SchedulePeriod, daysAgo: number): boolean => {
    const day = weekdays[(time.getDay() + 7 - daysAgo) % 7]
    return period.days === undefined || (day !== undefined && period.days.includes(day))
  }
  return periods.some((period) => {
    const [from, to] = [minutesOf(period.from), minutesOf(period.to)]
    if (from < to) return isOn(period, 0) && now >= from && now < to
    return (isOn(period, 0) && now >= from) || (isOn(period, 1) && now < to)
  })
}

/**
 * Tells when the periods of a schedule begin and end. It looks at the wall clock at every full minute of it, and once a
 * minute at least, so that a clock that was set, or another time zone, is noticed.
 */
export class ScheduleWatch {
  readonly #clock: Clock
  readonly #told: (limits: Partial<SessionLimits> | undefined) => void
  #schedule: LimitSchedule | undefined
  #isOn = false
  #cancel = (): void => {}

  constructor(clock: Clock, told: (limits: Partial<SessionLimits> | undefined) => void) {
    this.#clock = clock
    this.#told = told
  }

  /** `undefined`: no schedule any more. The periods have been checked. */
  set(schedule: LimitSchedule | undefined): void {
    this.stop()
    this.#schedule = schedule
    if (this.#isOn) this.#told(undefined)
    this.#isOn = false
    if (schedule !== undefined) this.#look()
  }

  stop(): void {
    this.#cancel()
  }

  #look(): void {
    if (this.#schedule === undefined) return
    const wallMs = this.#clock.wallMs()
    const isOn = isWithin(this.#schedule.periods, new Date(wallMs))
    if (isOn !== this.#isOn) this.#told(isOn ? this.#schedule.limits : undefined)
    this.#isOn = isOn
    this.#cancel = this.#clock.after(lookEveryMs - (wallMs % lookEveryMs), () => this.#look())
  }
}

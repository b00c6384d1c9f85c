/**
 * Calendar days in UTC, by which prices change and caps are reset.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"

const dayMillis = 86_400_000

/**
 * The day of a time in Unix milliseconds, in days since 1970.
 *
 * @category conversions
 * @since 0.1.0
 */
export const numberOf = (unixMillis: number): number => Math.floor(unixMillis / dayMillis)

/**
 * The start of a day in Unix milliseconds.
 *
 * @category conversions
 * @since 0.1.0
 */
export const startOf = (dayNumber: number): number => dayNumber * dayMillis

/**
 * The date of a day: `2026-11-26`.
 *
 * @category conversions
 * @since 0.1.0
 */
export const dateOf = (dayNumber: number): string => DateTime.formatIsoDateUtc(DateTime.makeUnsafe(startOf(dayNumber)))

/**
 * A day of a calendar.
 *
 * @category models
 * @since 0.1.0
 */
export interface LocalDate {
  /** `2026-11-26` */
  readonly date: string
  /** Days since 1970. */
  readonly dayNumber: number
}

/**
 * The time zone of a name; `undefined` if it is not known. UTC without the zones
 * of the platform, which take 20 MB of memory once they are read.
 *
 * @category getters
 * @since 0.1.0
 */
export const zoneOf = (name: unknown): DateTime.TimeZone | undefined => {
  if (name === "UTC") return DateTime.zoneMakeOffset(0)
  return typeof name === "string" ? Option.getOrUndefined(DateTime.zoneMakeNamed(name)) : undefined
}

/** Every zone is offset by a multiple of this, so that the date does not change within it. */
const zoneStepMillis = 900_000

/**
 * The dates of a time zone, which memoize the latest.
 *
 * @category constructors
 * @since 0.1.0
 */
export const calendarOf = (zone: DateTime.TimeZone): ((unixMillis: number) => LocalDate) => {
  let latest = Number.NaN
  let found: LocalDate = { date: "", dayNumber: 0 }
  return (unixMillis) => {
    const step = Math.floor(unixMillis / zoneStepMillis)
    if (step !== latest) {
      const date = DateTime.formatIsoDate(DateTime.setZone(DateTime.makeUnsafe(unixMillis), zone))
      found = { date, dayNumber: numberOf(DateTime.toEpochMillis(DateTime.makeUnsafe(`${date}T00:00:00Z`))) }
      latest = step
    }
    return found
  }
}

/**
 * A `dateOf` that memoizes the latest date, since consecutive calls mostly have
 * the same day.
 *
 * @category constructors
 * @since 0.1.0
 */
export const memoizedDateOf = (): ((dayNumber: number) => string) => {
  let latest = Number.NaN
  let date = ""
  return (dayNumber) => {
    if (dayNumber !== latest) {
      latest = dayNumber
      date = dateOf(dayNumber)
    }
    return date
  }
}

const currentDate = memoizedDateOf()

/**
 * The date of a time in Unix milliseconds, in UTC: `2026-11-26`. It memoizes the
 * latest date.
 *
 * @category conversions
 * @since 0.1.0
 */
export const dateAt = (unixMillis: number): string => currentDate(numberOf(unixMillis))

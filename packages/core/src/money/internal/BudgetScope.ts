/**
 * The names of budget scopes: `total`, `tenant:acme`,
 * `day:2026-11-23/tenant:acme`, `week:2026-W48`, `month:2026-11`.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import { type Dimension, isPeriod, type Period, periods } from "../../internal/config/BudgetCapsForm.ts"
import * as Day from "../../internal/Day.ts"

export {
  type Dimension,
  dimensions as allDimensions,
  isPeriod,
  type Period
} from "../../internal/config/BudgetCapsForm.ts"

const yearOf = (dayNumber: number): number => Number(Day.dateOf(dayNumber).slice(0, 4))

const firstDayOf = (year: number, month: number): number =>
  Day.numberOf(DateTime.toEpochMillis(DateTime.makeUnsafe({ year, month, day: 1 })))

/** 1970 began on a Thursday. */
const mondayOf = (dayNumber: number): number => dayNumber - ((((dayNumber + 3) % 7) + 7) % 7)

/**
 * The name of the period that contains a day: `2026-11-23`, `2026-W48`, `2026-11`.
 *
 * @category conversions
 * @since 0.1.0
 */
export const periodOf = (period: Period, { date, dayNumber }: Day.LocalDate): string => {
  if (period === "day") return date
  if (period === "month") return date.slice(0, 7)
  // A week belongs to the year of its Thursday.
  const thursday = mondayOf(dayNumber) + 3
  const year = yearOf(thursday)
  return `${year}-W${String(Math.floor((thursday - firstDayOf(year, 1)) / 7) + 1).padStart(2, "0")}`
}

/**
 * The first day after a period, in days since 1970.
 *
 * @category conversions
 * @since 0.1.0
 */
export const endOf = (period: Period, { date, dayNumber }: Day.LocalDate): number => {
  if (period === "day") return dayNumber + 1
  if (period === "week") return mondayOf(dayNumber) + 7
  const month = Number(date.slice(5, 7))
  return month === 12 ? firstDayOf(yearOf(dayNumber) + 1, 1) : firstDayOf(yearOf(dayNumber), month + 1)
}

/** A name may contain any text, but must not read as two names. */
const escapeName = (name: string): string => name.replaceAll(/[%/]/g, encodeURIComponent)

/**
 * The name of a scope with these dimensions.
 *
 * @category conversions
 * @since 0.1.0
 */
export const nameOf = (
  per: ReadonlyArray<Dimension>,
  values: { readonly [D in Exclude<Dimension, Period>]: string } & { readonly today: Day.LocalDate }
): string =>
  per.length === 0
    ? "total"
    : per.map((name) => `${name}:${isPeriod(name) ? periodOf(name, values.today) : escapeName(values[name])}`).join("/")

const periodPattern = /(^|\/)(day|week|month):(\d{4}-(?:\d{2}-\d{2}|W\d{2}|\d{2}))(?=\/|$)/

/**
 * The scope without its date, such as `day/tenant:acme`; `undefined` if it is of
 * another period than that of the given day.
 *
 * @category conversions
 * @since 0.1.0
 */
export const withoutDate = (scope: string, today: Day.LocalDate): string | undefined => {
  const [, , period, found] = periodPattern.exec(scope) ?? []
  if (period === undefined) return scope
  return found === periodOf(period as Period, today) ? scope.replace(periodPattern, "$1$2") : undefined
}

/**
 * Whether every call on the given day counts in the scope.
 *
 * @category guards
 * @since 0.1.0
 */
export const isGlobal = (scope: string, today: Day.LocalDate): boolean =>
  scope === "total" || periods.some((period) => scope === `${period}:${periodOf(period, today)}`)

/** Caps per day, week and month, at the boundaries of calendars. */
import * as Amount from "@kimi-effect/core/internal/Amount"
import * as BudgetCaps from "@kimi-effect/core/internal/BudgetCaps"
import * as Day from "@kimi-effect/core/internal/Day"
import type { Claim } from "@kimi-effect/core/internal/Ledger"
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { equal } from "../expect.ts"
import { hold, longLease, type Subject } from "./Subject.ts"

type Period = "day" | "week" | "month"

interface Boundary {
  readonly name: string
  readonly period: Period
  readonly timeZone: string
  /** The first moment of a period. */
  readonly at: string
}

// All are in the future, since a server deletes periods that have ended by its own clock.
const boundaries: ReadonlyArray<Boundary> = [
  { name: "midnight in UTC", period: "day", timeZone: "UTC", at: "2027-01-16T00:00:00Z" },
  { name: "the day of 23 hours", period: "day", timeZone: "Europe/Berlin", at: "2027-03-27T23:00:00Z" },
  { name: "the day after that of 23 hours", period: "day", timeZone: "Europe/Berlin", at: "2027-03-28T22:00:00Z" },
  { name: "the day after that of 25 hours", period: "day", timeZone: "America/New_York", at: "2027-11-08T05:00:00Z" },
  { name: "a day that begins at one o'clock", period: "day", timeZone: "Africa/Cairo", at: "2027-04-29T22:00:00Z" },
  { name: "a zone of quarter hours", period: "day", timeZone: "Asia/Kathmandu", at: "2027-05-04T18:15:00Z" },
  { name: "29 February", period: "day", timeZone: "UTC", at: "2028-02-29T00:00:00Z" },
  { name: "1 March of a leap year", period: "month", timeZone: "UTC", at: "2028-03-01T00:00:00Z" },
  { name: "1 March of another year", period: "month", timeZone: "Asia/Tokyo", at: "2027-02-28T15:00:00Z" },
  { name: "a month with summer time", period: "month", timeZone: "America/Los_Angeles", at: "2027-11-01T07:00:00Z" },
  { name: "the new year's month", period: "month", timeZone: "Pacific/Kiritimati", at: "2026-12-31T10:00:00Z" },
  { name: "Monday", period: "week", timeZone: "UTC", at: "2027-02-01T00:00:00Z" },
  { name: "the first week of a year", period: "week", timeZone: "UTC", at: "2027-01-04T00:00:00Z" },
  { name: "a week with summer time", period: "week", timeZone: "Europe/Berlin", at: "2027-03-28T22:00:00Z" }
]

/** The claim of a call at this time. */
const claimAt = (period: Period, timeZone: string, unixMillis: number): Claim => {
  const compiled = BudgetCaps.compile([{ per: [period], amount: "100", currency: "USD" }])
  const today = Day.calendarOf(DateTime.zoneMakeNamedUnsafe(timeZone))(unixMillis)
  const claims = compiled({ tenant: "", job: "", agent: "" }, "USD", today)
  if (claims._tag !== "Claims" || claims.claims[0] === undefined) throw new Error("the cap does not apply")
  return claims.claims[0]
}

/** More than half of the cap. */
const amount = Amount.fromDecimal(BigDecimal.fromBigInt(60n))

export const register = ({ test }: Subject): void => {
  for (const { at, name, period, timeZone } of boundaries) {
    test(`counts every ${period} separately from its first moment: ${name}`, (store) =>
      Effect.gen(function* () {
        const start = Date.parse(at)
        const reserve = (id: string, unixMillis: number) =>
          Effect.map(
            store.reserve(hold(id, amount, claimAt(period, timeZone, unixMillis)), longLease),
            ({ result }) => result._tag
          )
        equal(yield* reserve("before", start - 1), "Reserved")
        equal(yield* reserve("before too", start - 60_000), "Refused")
        equal(yield* reserve("after", start), "Reserved")
        equal(yield* reserve("after too", start + 3_600_000), "Refused")
      }))
  }

  test("counts calls of different zones in the period of the same date", (store) =>
    Effect.gen(function* () {
      const at = Date.parse("2027-05-04T23:30:00Z")
      const reserve = (id: string, timeZone: string) =>
        Effect.map(
          store.reserve(hold(id, amount, claimAt("day", timeZone, at)), longLease),
          ({ result }) => result._tag
        )
      equal(yield* reserve("UTC", "UTC"), "Reserved")
      // It is 4 May there too.
      equal(yield* reserve("New York", "America/New_York"), "Refused")
      // It is 5 May already.
      equal(yield* reserve("Berlin", "Europe/Berlin"), "Reserved")
      equal(yield* reserve("Tokyo", "Asia/Tokyo"), "Refused")
    }))
}

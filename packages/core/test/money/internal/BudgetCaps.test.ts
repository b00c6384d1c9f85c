import { assert, describe, it } from "@effect/vitest"
import { DateTime } from "effect"
import * as Day from "../../../src/internal/Day.ts"
import * as BudgetCaps from "../../../src/money/internal/BudgetCaps.ts"

const tags = { tenant: "", job: "", agent: "" }

/** The claim of a call at this time. */
const claimAt = (period: "day" | "week" | "month", timeZone: string, unixMillis: number) => {
  const claimsOf = BudgetCaps.compile([{ per: [period], amount: "1", currency: "USD" }])
  const claims = claimsOf(tags, "USD", Day.calendarOf(DateTime.zoneMakeNamedUnsafe(timeZone))(unixMillis))
  return claims._tag === "Claims" && claims.claims[0] !== undefined ? claims.claims[0] : assert.fail(claims._tag)
}

describe("BudgetCaps.compile", () => {
  // The first and the last zone to begin a day.
  for (const timeZone of ["Pacific/Kiritimati", "Etc/GMT+12"]) {
    for (const period of ["day", "week", "month"] as const) {
      it(`retains the spent amount of every ${period} for a day after its end in ${timeZone}`, () => {
        for (let at = Date.parse("2027-12-25T00:00:00Z"); at < Date.parse("2028-03-03T00:00:00Z"); at += 3_600_000) {
          const { retainUntil = 0, scope } = claimAt(period, timeZone, at)
          assert.notStrictEqual(claimAt(period, timeZone, retainUntil - 86_400_000).scope, scope)
        }
      })
    }
  }
})

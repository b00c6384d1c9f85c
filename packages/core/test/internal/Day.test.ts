import { assert, describe, it } from "@effect/vitest"
import * as Day from "../../src/internal/Day.ts"

const noon = Date.UTC(2026, 10, 26, 12)

describe("Day", () => {
  it("starts at midnight in UTC", () => {
    const day = Day.numberOf(noon)
    const start = Day.startOf(day)
    assert.strictEqual(start, Date.UTC(2026, 10, 26))
    assert.deepStrictEqual([start - 1, start, start + 86_399_999, start + 86_400_000].map(Day.numberOf), [
      day - 1,
      day,
      day,
      day + 1
    ])
  })

  it("has a date, also before 1970", () => {
    assert.strictEqual(Day.dateOf(Day.numberOf(noon)), "2026-11-26")
    assert.strictEqual(Day.dateOf(Day.numberOf(-1)), "1969-12-31")
  })

  it("is memoized until another day is requested", () => {
    const dateOf = Day.memoizedDateOf()
    const day = Day.numberOf(noon)
    assert.deepStrictEqual([day, day, day + 1, day].map(dateOf), [
      "2026-11-26",
      "2026-11-26",
      "2026-11-27",
      "2026-11-26"
    ])
  })
})

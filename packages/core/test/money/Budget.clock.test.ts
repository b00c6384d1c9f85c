import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { jumps, withWallClock } from "../../../../test/support/wallClock.ts"
import { answer, callFor, makeBudget, stages, stateOf } from "./support/budget.ts"

const noon = Date.UTC(2026, 10, 23, 12)
const hour = 3_600_000
const day = 24 * hour

const total = { amount: "100", currency: "USD" } as const
const daily = { per: ["day"], amount: "100", currency: "USD" } as const

const spend = (budget: Parameters<typeof stages>[0], dollars: number) =>
  stages(budget).effect(() => Effect.succeed(answer(dollars)))(callFor(dollars))

describe("the reservations of Budget", () => {
  for (const [name, jump] of jumps) {
    it.effect(`are charged for what was used when the clock is set ${name}`, () =>
      withWallClock((set) =>
        Effect.gen(function* () {
          const budget = yield* makeBudget({ caps: [total] })
          const slow = stages(budget).effect(() => Effect.as(Effect.sleep("5 minutes"), answer(1)))
          const fiber = yield* Effect.forkChild(slow(callFor(50)), { startImmediately: true })
          set(jump)
          // Another operation on the store, before the next renewal.
          yield* spend(budget, 2)
          assert.deepStrictEqual(yield* stateOf(budget), ["total 2+50/100"])
          yield* TestClock.adjust("5 minutes")
          yield* Fiber.join(fiber)
          assert.deepStrictEqual(yield* stateOf(budget), ["total 3+0/100"])
        })
      )
    )
  }
})

describe("the daily caps of Budget", () => {
  it.effect("follow the calendar when the clock is set to another day", () =>
    withWallClock((set) =>
      Effect.gen(function* () {
        yield* TestClock.setTime(noon)
        const budget = yield* makeBudget({ caps: [daily] })
        yield* spend(budget, 60)
        set(day)
        yield* spend(budget, 70)
        assert.deepStrictEqual(yield* stateOf(budget), ["day:2026-11-23 60+0/100", "day:2026-11-24 70+0/100"])
      })
    )
  )

  it.effect("still know what was spent on a day to which the clock returns", () =>
    withWallClock((set) =>
      Effect.gen(function* () {
        yield* TestClock.setTime(noon)
        const budget = yield* makeBudget({ caps: [daily] })
        yield* spend(budget, 60)
        set(5 * day)
        yield* spend(budget, 1)
        set(-5 * day)
        assert.strictEqual((yield* Effect.flip(spend(budget, 41)))._tag, "BudgetExceededError")
      })
    )
  )
})

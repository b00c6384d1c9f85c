import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, Effect, Exit, Option, Stream } from "effect"
import { TestClock } from "effect/testing"
import { answer, callFor, makeBudget, stages, stateOf } from "./support/budget.ts"

const total = { amount: "100", currency: "USD" } as const
const digits = (amount: BigDecimal.BigDecimal): string => BigDecimal.format(amount)

/** A budget of 100 dollars, and its events as they are published. */
const withEvents = Effect.gen(function* () {
  const budget = yield* makeBudget({ caps: [total], thresholds: [0.5, 0.8] })
  const published: Array<string> = []
  yield* Effect.forkChild(
    Stream.runForEach(budget.events, (event) =>
      Effect.sync(() =>
        published.push(
          event._tag === "Overrun"
            ? `${event.scope} reserved ${digits(event.reserved)}, paid ${digits(event.price)}`
            : `${event.scope} ${event.threshold} at ${digits(event.spent)}`
        )
      )
    )
  )
  yield* Effect.yieldNow
  const spend = (dollars: number, max = dollars) =>
    stages(budget).effect(() => Effect.succeed(answer(dollars)))(callFor(max))
  return { budget, published, spend }
})

describe("the events of Budget", () => {
  it.effect("contain each threshold once", () =>
    Effect.gen(function* () {
      const { published, spend } = yield* withEvents
      yield* spend(49)
      yield* spend(1)
      yield* spend(1)
      yield* spend(40)
      yield* spend(5)
      yield* Effect.yieldNow
      assert.deepStrictEqual(published, ["total 0.5 at 50", "total 0.8 at 91"])
    })
  )

  it.effect("contain a threshold that a later call finds crossed by a reservation that has expired", () =>
    Effect.gen(function* () {
      const { budget, published, spend } = yield* withEvents
      const cost = Option.some({ currency: "USD", total: BigDecimal.fromBigInt(60n) } as const)
      yield* budget.hold({ id: "batch", cost, provider: "host", model: "any", lease: "1 second" })
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(published, [])
      yield* spend(1)
      yield* Effect.yieldNow
      assert.deepStrictEqual(published, ["total 0.5 at 60"])
    })
  )

  it.effect("contain a call that costs more than was reserved", () =>
    Effect.gen(function* () {
      const { published, spend } = yield* withEvents
      yield* spend(9, 4)
      yield* Effect.yieldNow
      assert.deepStrictEqual(published, ["total reserved 4, paid 9"])
    })
  )
})

describe("a call that costs more than was reserved", () => {
  it.effect("is charged in full", () =>
    Effect.gen(function* () {
      const { budget, spend } = yield* withEvents
      yield* spend(96)
      yield* spend(9, 4)
      assert.deepStrictEqual(yield* stateOf(budget), ["total 105+0/100"])
      assert.isTrue(Exit.isFailure(yield* Effect.exit(spend(1))))
    })
  )
})

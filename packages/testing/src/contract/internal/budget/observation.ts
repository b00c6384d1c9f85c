/** Prices, days and events. */
import type { BudgetEvent } from "@kimi-effect/core/Budget"
import * as BigDecimal from "effect/BigDecimal"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { eventually, settle, start } from "../eventually.ts"
import { equal, failureOf, hasMembers, isTrue } from "../expect.ts"
import { answer, callFor, type Service, stateOf, type Subject, through, total } from "./Subject.ts"

const unpriced = callFor(10, "unpriced")

const asked = (budget: Service, dollars: number) =>
  through(budget, () => Effect.succeed(answer(dollars)))(callFor(dollars))

const registerDays = ({ test }: Pick<Subject, "test">): void => {
  test("spends nothing of the next day", [{ per: ["day"], amount: "50", currency: "USD" }], (budget) =>
    Effect.gen(function* () {
      yield* asked(budget, 50)
      yield* TestClock.adjust("1 day")
      isTrue(Exit.isSuccess(yield* Effect.exit(asked(budget, 50))), "the call failed")
    })
  )

  test("reports the day on which calls are counted", [{ per: ["day"], amount: "40", currency: "USD" }], (budget) =>
    Effect.gen(function* () {
      const { dayNumber } = yield* budget.today
      yield* TestClock.adjust("1 day")
      const next = yield* budget.today
      yield* asked(budget, 10)
      equal(yield* stateOf(budget), [`day:${next.date} 10+0/40`])
      equal(next.dayNumber, dayNumber + 1)
    })
  )
}

/** The events that are emitted while the effect runs, at least one. */
const eventsDuring = <E>(budget: Service, effect: Effect.Effect<unknown, E>) =>
  Effect.gen(function* () {
    const seen: Array<BudgetEvent> = []
    yield* start(Stream.runForEach(budget.events, (event) => Effect.sync(() => seen.push(event))))
    yield* settle
    yield* effect
    yield* eventually(
      Effect.sync(() => seen.length > 0),
      "an event is emitted"
    )
    yield* settle
    return seen
  })

const registerEvents = ({ test }: Pick<Subject, "test">): void => {
  test("emits each threshold once when it is crossed", total, (budget) =>
    Effect.gen(function* () {
      const calls = Effect.forEach([1, 2, 3], () => asked(budget, 30))
      const seen = yield* eventsDuring(budget, calls)
      equal(
        seen.map((event) => (event._tag === "ThresholdCrossed" ? [event.scope, event.threshold] : [event._tag])),
        [["total", 0.5]]
      )
    })
  )

  test("emits an overrun of a call that costs more than was reserved", total, (budget) =>
    Effect.gen(function* () {
      const seen = yield* eventsDuring(budget, through(budget, () => Effect.succeed(answer(12)))(callFor(11)))
      equal(
        seen.map((event) =>
          event._tag === "Overrun"
            ? [event.scope, ...[event.cap, event.reserved, event.price].map((amount) => BigDecimal.format(amount))]
            : [event._tag]
        ),
        [["total", "100", "11", "12"]]
      )
    })
  )
}

export const register = ({ isExact, test }: Subject): void => {
  test("refuses a call whose price is not known", total, (budget) =>
    Effect.gen(function* () {
      const error = yield* failureOf(through(budget, () => Effect.succeed(answer(1)))(unpriced), "the call was made")
      hasMembers(error, { _tag: "UnknownPriceError", provider: unpriced.provider, model: "unpriced" })
    })
  )

  test("checks whether a price is known", total, (budget) =>
    Effect.gen(function* () {
      yield* budget.checkPrice(callFor(1_000))
      equal((yield* failureOf(budget.checkPrice(unpriced), "the price is known"))._tag, "UnknownPriceError")
    })
  )

  test("reports every scope in use", [...total, { per: ["tenant"], amount: "20", currency: "USD" }], (budget) =>
    Effect.gen(function* () {
      yield* asked(budget, 10)
      equal((yield* stateOf(budget)).length, 2)
    })
  )

  registerEvents({ test })
  if (isExact) registerDays({ test })
}

/** What is reserved for work that outlives the process. */
import type { HoldOptions } from "@kimi-effect/core/Budget"
import * as CallOptions from "@kimi-effect/core/CallOptions"
import * as BigDecimal from "effect/BigDecimal"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { equal, failureOf } from "../expect.ts"
import { stateOf, type Subject, total } from "./Subject.ts"

const dollars = (amount: number) => ({ currency: "USD" as const, total: BigDecimal.fromBigInt(BigInt(amount)) })

const leaseMillis = 300

/** Work at a host; its lease does not end during a test unless one is given. */
const work = (id: string, amount: number, lease: Duration.Input = Duration.hours(1)): HoldOptions => ({
  id,
  cost: Option.some(dollars(amount)),
  provider: "contract",
  model: "dollar-a-token",
  lease
})

const registerSettlements = ({ test }: Pick<Subject, "test">): void => {
  test("charges what a hold is settled with", total, (budget) =>
    Effect.gen(function* () {
      yield* budget.hold(work("settled", 40))
      yield* budget.settleHold("settled", dollars(7))
      equal(yield* stateOf(budget), ["total 7+0/100"])
    })
  )

  test("releases a hold that is settled without a cost", total, (budget) =>
    Effect.gen(function* () {
      yield* budget.hold(work("released", 40))
      yield* budget.settleHold("released", undefined)
      equal(yield* stateOf(budget), ["total 0+0/100"])
    })
  )

  test("settles a hold once", total, (budget) =>
    Effect.gen(function* () {
      yield* budget.hold(work("once", 40))
      yield* budget.settleHold("once", dollars(7))
      yield* budget.settleHold("once", dollars(9))
      equal(yield* stateOf(budget), ["total 7+0/100"])
    })
  )

  test("ignores the settlement of an unknown hold", total, (budget) =>
    Effect.gen(function* () {
      yield* budget.hold(work("known", 40))
      yield* budget.settleHold("unknown", dollars(7))
      equal(yield* stateOf(budget), ["total 0+40/100"])
    })
  )
}

export const register = ({ sleep, test }: Subject): void => {
  test("reserves the cost of a hold", total, (budget) =>
    Effect.gen(function* () {
      yield* Effect.scoped(budget.hold(work("reserved", 40)))
      equal(yield* stateOf(budget), ["total 0+40/100"])
    })
  )

  test("reserves a hold once when its id is repeated", total, (budget) =>
    Effect.gen(function* () {
      yield* budget.hold(work("repeated", 40))
      yield* budget.hold(work("repeated", 40))
      equal(yield* stateOf(budget), ["total 0+40/100"])
    })
  )

  test("refuses a hold that exceeds the cap", total, (budget) =>
    Effect.gen(function* () {
      const error = yield* failureOf(budget.hold(work("refused", 101)), "the cost was reserved")
      equal(error._tag, "BudgetExceededError")
    })
  )

  test("refuses a hold whose cost is not known", total, (budget) =>
    Effect.gen(function* () {
      const unknown = { ...work("unpriced", 1), cost: Option.none() }
      equal((yield* failureOf(budget.hold(unknown), "the hold was made"))._tag, "UnknownPriceError")
    })
  )

  test("reserves a hold in the scope of its tenant", [{ per: ["tenant"], amount: "25", currency: "USD" }], (budget) =>
    Effect.gen(function* () {
      yield* CallOptions.provide({ tenant: "acme" })(budget.hold(work("tagged", 20)))
      equal(yield* stateOf(budget), ["tenant:acme 0+20/25"])
    })
  )

  test("charges a hold in full when its lease has ended", total, (budget) =>
    Effect.gen(function* () {
      yield* budget.hold(work("expired", 40, Duration.millis(leaseMillis)))
      // A store that depends on the time of day extends an expired lease once.
      for (let i = 0; i < 2; i += 1) {
        yield* sleep(leaseMillis * 2)
        yield* stateOf(budget)
      }
      equal(yield* stateOf(budget), ["total 40+0/100"])
    })
  )

  registerSettlements({ test })
}

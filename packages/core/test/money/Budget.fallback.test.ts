/** What happens to the reservation of a call whose first attempt is at another host or another model. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import type { Call } from "../../src/pipeline/Call.ts"
import { answer, callFor, events, makeBudget, stages, stateOf } from "./support/budget.ts"

const caps = [
  { amount: "100", currency: "USD" },
  { amount: "100", currency: "CNY" }
] as const

/** The state of the budget while an attempt for the changed call runs, and the state at the end. */
const statesOf = Effect.fnUntraced(function* (max: number, change: (call: Call) => Call) {
  const budget = yield* makeBudget({ caps: [...caps] })
  let inside: ReadonlyArray<string> = []
  const attempt = stages(budget, (inner) => ({ ...inner, effect: (one) => (call) => inner.effect(one)(change(call)) }))
  yield* attempt.effect(() =>
    Effect.tap(
      Effect.succeed(answer(1)),
      Effect.map(stateOf(budget), (state) => (inside = state))
    )
  )(callFor(max))
  return [inside, yield* stateOf(budget)]
})

const withModel =
  (model: string, max?: number) =>
  (call: Call): Call => ({
    ...call,
    request: { ...call.request, model, ...(max === undefined ? {} : { max_completion_tokens: max }) }
  })

describe("Budget under fallback", () => {
  it.effect("keeps the reservation of the call for its own attempt", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* statesOf(20, (call) => call), [["total 0+20/100"], ["total 1+0/100"]])
    })
  )

  it.effect("keeps the reservation for a cheaper attempt", () =>
    Effect.gen(function* () {
      const [inside] = yield* statesOf(20, withModel("dollar-a-token", 5))
      assert.deepStrictEqual(inside, ["total 0+20/100"])
    })
  )

  it.effect("keeps the reservation for an attempt of the same price", () =>
    Effect.gen(function* () {
      const [inside] = yield* statesOf(20, withModel("two-dollars", 10))
      assert.deepStrictEqual(inside, ["total 0+20/100"])
    })
  )

  it.effect("reserves more for an attempt that costs more", () =>
    Effect.gen(function* () {
      const [inside] = yield* statesOf(20, withModel("two-dollars"))
      assert.deepStrictEqual(inside, ["total 0+40/100"])
    })
  )

  it.effect("reserves in the currency of the attempt", () =>
    Effect.gen(function* () {
      const [inside] = yield* statesOf(20, withModel("yuan", 10))
      assert.deepStrictEqual(inside, ["total 0+0/100", "total 0+10/100"])
    })
  )

  it.effect("reserves for another host, though the request is the same", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [...caps], onUnknownPrice: "allow" })
      const elsewhere = stages(budget, (inner) => ({
        ...inner,
        effect: (one) => (call) => inner.effect(one)({ ...call, provider: "elsewhere" })
      }))
      yield* elsewhere.effect(() =>
        Effect.tap(
          Effect.succeed(answer(1)),
          Effect.map(stateOf(budget), (state) => assert.deepStrictEqual(state, ["total 0+0/100"]))
        )
      )(callFor(20))
    })
  )

  it.effect("releases what a call has reserved when it makes no attempt", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [...caps] })
      yield* stages(budget, (inner) => ({ ...inner, effect: () => () => Effect.succeed(answer(9)) })).effect(() =>
        Effect.succeed(answer(1))
      )(callFor(20))
      assert.deepStrictEqual(yield* stateOf(budget), ["total 0+0/100"])
    })
  )

  it.effect("releases what a stream has reserved when it makes no attempt", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [...caps] })
      yield* Stream.runDrain(
        stages(budget, (inner) => ({ ...inner, stream: () => () => events(9) })).stream(() => events(1))(callFor(20))
      )
      assert.deepStrictEqual(yield* stateOf(budget), ["total 0+0/100"])
    })
  )

  it.effect("charges each of two attempts that run at the same time", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [...caps] })
      const both = stages(budget, (inner) => ({
        ...inner,
        effect: (one) => (call) =>
          Effect.map(
            Effect.all([inner.effect(one)(call), inner.effect(one)(call)], { concurrency: 2 }),
            ([first]) => first
          )
      }))
      const fiber = yield* Effect.forkChild(
        both.effect(() => Effect.delay(Effect.succeed(answer(3)), "1 second"))(callFor(20))
      )
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(yield* stateOf(budget), ["total 0+40/100"])
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(yield* stateOf(budget), ["total 6+0/100"])
    })
  )

  it.effect("has the policy for lost attempts", () =>
    Effect.gen(function* () {
      const lostAttempts = { tokensPerSecond: 5 }
      const budget = yield* makeBudget({ caps: [...caps], lostAttempts })
      const open = yield* budget.open(callFor(20))
      assert.deepStrictEqual(open.lostAttempts, lostAttempts)
    })
  )

  it.effect("reserves for a model whose price is known, though that of the call is not", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [...caps], onUnknownPrice: "allow" })
      const known = stages(budget, (inner) => ({
        ...inner,
        effect: (one) => (call) => inner.effect(one)(withModel("dollar-a-token")(call))
      }))
      yield* known.effect(() =>
        Effect.tap(
          Effect.succeed(answer(1)),
          Effect.map(stateOf(budget), (state) => assert.deepStrictEqual(state, ["total 0+20/100"]))
        )
      )(callFor(20, { model: "strange" }))
    })
  )
})

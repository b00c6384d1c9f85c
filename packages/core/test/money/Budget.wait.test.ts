import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, Effect, Exit, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import type { BudgetExceededError } from "../../src/errors/MoneyErrors.ts"
import { ConnectionLostError } from "../../src/errors/NetworkErrors.ts"
import { answer, callFor, events, makeBudget, stages, stateOf } from "./support/budget.ts"

const total = { amount: "100", currency: "USD" } as const

const takes = (duration: "1 second" | "1 minute", dollars = 10) =>
  Effect.delay(Effect.succeed(answer(dollars)), duration)

describe("Budget under concurrent calls", () => {
  it.effect("lets calls that fit only one after another wait for each other", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [total], maxWait: "30 seconds" })
      const ask = stages(budget).effect(() => takes("1 second", 1))
      const fibers = yield* Effect.forEach(Array.from({ length: 20 }), () => Effect.forkChild(ask(callFor(40))))
      yield* TestClock.adjust("20 seconds")
      const exits = yield* Effect.forEach(fibers, Fiber.await)
      assert.strictEqual(exits.filter(Exit.isSuccess).length, 20)
      assert.deepStrictEqual(yield* stateOf(budget), ["total 20+0/100"])
    })
  )

  it.effect("lets streams wait too", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [total], maxWait: "30 seconds" })
      const { effect, stream } = stages(budget)
      const first = yield* Effect.forkChild(effect(() => takes("1 second"))(callFor(90)))
      yield* Effect.yieldNow
      const second = yield* Effect.forkChild(Stream.runCount(stream(() => events(5))(callFor(90))))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(first)
      assert.strictEqual(yield* Fiber.join(second), 4)
      assert.deepStrictEqual(yield* stateOf(budget), ["total 15+0/100"])
    })
  )

  it.effect("explains the refusal after the longest wait by price, remaining amount, fix", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [total], maxWait: "5 seconds" })
      const ask = stages(budget).effect(() => takes("1 minute"))
      const first = yield* Effect.forkChild(ask(callFor(90)))
      yield* Effect.yieldNow
      const second = yield* Effect.forkChild(Effect.flip(ask(callFor(20))))
      yield* TestClock.adjust("4999 millis")
      assert.isUndefined(second.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      const error = (yield* Fiber.join(second)) as BudgetExceededError
      assert.strictEqual(error._tag, "BudgetExceededError")
      for (const part of ["$20,", "a wait of 5s", "$10 of $100", "$90 reserved"]) {
        assert.include(error.message, part)
      }
      for (const fix of ["max_completion_tokens", "defaultOutputTokens"]) assert.include(error.hint, fix)
      yield* Fiber.interrupt(first)
    })
  )

  it.effect("refuses at once what no settlement lets fit", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({
        caps: [total, { per: ["tenant"], amount: "30", currency: "USD" }],
        maxWait: "30 seconds"
      })
      const ask = stages(budget).effect(() => takes("1 minute"))
      yield* Effect.forkChild(ask(callFor(20)))
      yield* Effect.yieldNow
      assert.strictEqual((yield* Effect.flip(ask(callFor(31))))._tag, "BudgetExceededError")
      assert.strictEqual((yield* Effect.flip(ask(callFor(101))))._tag, "BudgetExceededError")
    })
  )

  it.effect("admits waiting calls in the order of their arrival", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [total], maxWait: "30 seconds" })
      const order: Array<number> = []
      const ask = (max: number) =>
        stages(budget).effect(() =>
          Effect.andThen(
            Effect.sync(() => order.push(max)),
            takes("1 second", 1)
          )
        )(callFor(max))
      const fibers = yield* Effect.forEach([60, 90, 80, 70], (max) =>
        Effect.andThen(Effect.forkChild(ask(max)), (fiber) => Effect.as(TestClock.adjust("1 millis"), fiber))
      )
      assert.deepStrictEqual(order, [60])
      yield* TestClock.adjust("5 seconds")
      yield* Effect.forEach(fibers, Fiber.join)
      assert.deepStrictEqual(order, [60, 90, 80, 70])
    })
  )

  it.effect("lets a call in other scopes pass those that wait", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({
        caps: [
          { only: { tenant: "a" }, amount: "100", currency: "USD" },
          { only: { tenant: "b" }, amount: "100", currency: "USD" }
        ],
        maxWait: "30 seconds"
      })
      const { provide } = yield* Effect.promise(() => import("../../src/CallOptions.ts"))
      const as = (tenant: string) => provide({ tenant })(stages(budget).effect(() => takes("1 second"))(callFor(90)))
      const waiting = yield* Effect.forEach(["a", "a", "b"], (tenant) => Effect.forkChild(as(tenant)))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(
        waiting.map((fiber) => fiber.pollUnsafe() !== undefined),
        [true, false, true]
      )
    })
  )

  it.effect("reserves nothing for a call that was interrupted while it waited", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [total], maxWait: "30 seconds" })
      const ask = stages(budget).effect(() => takes("1 second"))
      const first = yield* Effect.forkChild(ask(callFor(90)))
      yield* Effect.yieldNow
      const second = yield* Effect.forkChild(Effect.timeout(ask(callFor(90)), "500 millis"))
      const third = yield* Effect.forkChild(ask(callFor(90)))
      yield* TestClock.adjust("500 millis")
      assert.isTrue(Exit.isFailure(yield* Fiber.await(second)))
      yield* TestClock.adjust("1500 millis")
      yield* Fiber.join(first)
      yield* Fiber.join(third)
      assert.deepStrictEqual(yield* stateOf(budget), ["total 20+0/100"])
    })
  )

  it.effect("lets the repetition of a call wait, since its first attempt has settled", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [total], maxWait: "30 seconds" })
      const lost = new ConnectionLostError({ message: "no" })
      const twice = stages(budget, (inner) => ({
        ...inner,
        effect: (attempt) => (call) =>
          Effect.catchTag(inner.effect(() => Effect.fail(lost))(call), "ConnectionLostError", () =>
            inner.effect(attempt)(call)
          )
      })).effect(() => takes("1 second"))
      const other = yield* Effect.forkChild(stages(budget).effect(() => takes("1 second", 1))(callFor(30)))
      yield* Effect.yieldNow
      // Its lost attempt costs 40, so that the next one fits when the other call has settled.
      const call = yield* Effect.forkChild(twice(callFor(40)))
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.join(other)
      yield* Fiber.join(call)
      assert.deepStrictEqual(yield* stateOf(budget), ["total 51+0/100"])
    })
  )

  it.effect("refuses a second attempt at once while another of its call runs", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [total], maxWait: "30 seconds" })
      const call = callFor(60)
      const error = yield* Effect.scoped(
        Effect.gen(function* () {
          const opened = yield* budget.open(call)
          yield* opened.reserve(call)
          return yield* Effect.flip(opened.reserve(call))
        })
      )
      assert.strictEqual(error._tag, "BudgetExceededError")
    })
  )

  it.effect("charges lost attempts in full, so that a faster host cannot exceed the cap", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [total], maxWait: "30 seconds" })
      let billed = 0
      const ask = stages(budget).effect(() =>
        Effect.andThen(
          Effect.sync(() => (billed += 10)),
          Effect.delay(Effect.fail(new ConnectionLostError({ message: "no" })), "1 millis")
        )
      )
      const calls = yield* Effect.forEach(Array.from({ length: 30 }), () =>
        Effect.forkChild(Effect.exit(ask(callFor(10))))
      )
      yield* TestClock.adjust("1 minute")
      yield* Effect.forEach(calls, Fiber.join)
      assert.strictEqual(billed, 100)
      assert.deepStrictEqual(yield* stateOf(budget), ["total 100+0/100"])
    })
  )

  it.effect("reserves the default output for a request without a limit, for each choice", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [total], defaultOutputTokens: 20 })
      const seen: Array<string> = []
      const ask = stages(budget).effect(() =>
        Effect.as(
          Effect.tap(stateOf(budget), (state) => Effect.sync(() => seen.push(...state))),
          answer(1)
        )
      )
      const { max_completion_tokens: _, ...request } = callFor(1).request
      yield* ask({ ...callFor(1), request })
      yield* ask({ ...callFor(1), request: { ...request, n: 2 } })
      yield* ask({ ...callFor(1), request: { ...request, max_completion_tokens: 30 } })
      assert.deepStrictEqual(seen, ["total 0+20/100", "total 1+40/100", "total 2+30/100"])
    })
  )

  it.effect("charges a lost attempt for all that it may have generated, also beyond the default output", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [total], defaultOutputTokens: 20 })
      const { max_completion_tokens: _, ...request } = callFor(1).request
      const ask = stages(budget).effect(() => Effect.fail(new ConnectionLostError({ message: "no" })))
      yield* Effect.exit(ask({ ...callFor(1), request }))
      // The most that a request of an unknown model generates.
      assert.deepStrictEqual(yield* stateOf(budget), ["total 32768+0/100"])
    })
  )

  const zones: ReadonlyArray<readonly [string | undefined, string, ReadonlyArray<string>]> = [
    [undefined, "2026-03-29T22:30:00Z", ["day:2026-03-29", "week:2026-W13", "month:2026-03"]],
    // Summer time has begun on that day.
    ["Europe/Berlin", "2026-03-29T22:30:00Z", ["day:2026-03-30", "week:2026-W14", "month:2026-03"]],
    ["Europe/Berlin", "2026-03-28T22:30:00Z", ["day:2026-03-28", "week:2026-W13", "month:2026-03"]],
    ["America/Los_Angeles", "2026-11-01T06:59:59Z", ["day:2026-10-31", "week:2026-W44", "month:2026-10"]],
    ["America/Los_Angeles", "2026-11-01T07:00:00Z", ["day:2026-11-01", "week:2026-W44", "month:2026-11"]],
    ["Asia/Kathmandu", "2026-12-31T18:15:00Z", ["day:2027-01-01", "week:2026-W53", "month:2027-01"]]
  ]
  for (const [timeZone, at, scopes] of zones) {
    it.effect(`counts ${at} in the periods of ${timeZone ?? "UTC"}`, () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(Date.parse(at))
        const caps = (["day", "week", "month"] as const).map((period) => ({ ...total, per: [period] }))
        const budget = yield* makeBudget({ caps, timeZone })
        yield* stages(budget).effect(() => Effect.succeed(answer(5)))(callFor(10))
        assert.deepStrictEqual(
          (yield* budget.state).map(({ scope, spent }) => `${scope} ${BigDecimal.format(spent)}`),
          scopes.map((scope) => `${scope} 5`)
        )
      })
    )
  }

  it.effect("keeps a month until it has ended", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.parse("2026-10-01T00:00:00Z"))
      const budget = yield* makeBudget({ caps: [{ ...total, per: ["month"] }] })
      const ask = stages(budget).effect(() => Effect.succeed(answer(60)))
      yield* ask(callFor(60))
      yield* TestClock.adjust("30 days")
      assert.strictEqual((yield* Effect.flip(ask(callFor(60))))._tag, "BudgetExceededError")
      yield* TestClock.adjust("1 day")
      yield* ask(callFor(60))
      yield* TestClock.adjust("3 days")
      assert.deepStrictEqual(yield* stateOf(budget), ["month:2026-11 60+0/100"])
    })
  )
})

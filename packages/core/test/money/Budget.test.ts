import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, Deferred, Effect, Exit, Fiber, Result, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as CallOptions from "../../src/CallOptions.ts"
import type { BudgetExceededError } from "../../src/errors/MoneyErrors.ts"
import { ConnectionRefusedError } from "../../src/errors/NetworkErrors.ts"
import * as Budget from "../../src/money/Budget.ts"
import { answer, callFor, events, makeBudget, stages, stateOf } from "./support/budget.ts"

const total = { amount: "100", currency: "USD" } as const
const digits = (amount: BigDecimal.BigDecimal): string => BigDecimal.format(amount)

describe("Budget", () => {
  it.effect("charges the actual cost of the reserved worst-case cost", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [total] })
      const seen: Array<string> = []
      const ask = stages(budget).effect(() =>
        Effect.gen(function* () {
          seen.push(...(yield* stateOf(budget)))
          return answer(7)
        })
      )
      yield* ask(callFor(30))
      assert.deepStrictEqual(seen, ["total 0+30/100"])
      assert.deepStrictEqual(yield* stateOf(budget), ["total 7+0/100"])
    })
  )

  it.effect("refuses a call above the cap before any inner stage runs", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [total] })
      let below = 0
      const { effect, stream } = stages(budget)
      const ask = effect(() => Effect.sync(() => ((below += 1), answer(7))))
      yield* ask(callFor(50))
      const fails = (call: Effect.Effect<unknown, unknown>) =>
        Effect.map(Effect.flip(call), (error) => {
          const { cap, currency, requested, reserved, scope, spent, _tag } = error as BudgetExceededError
          return [_tag, scope, currency, digits(cap), digits(spent), digits(reserved), digits(requested)]
        })
      const expected = ["BudgetExceededError", "total", "USD", "100", "7", "0", "94"]
      assert.deepStrictEqual(yield* fails(ask(callFor(94))), expected)
      const read = stream(() => Stream.suspend(() => ((below += 1), events(1))))
      assert.deepStrictEqual(yield* fails(Stream.runDrain(read(callFor(94)))), expected)
      assert.strictEqual(below, 1)
      yield* ask(callFor(93))
      assert.strictEqual(below, 2)
    })
  )

  it.effect("reserves no more than the cap for concurrent calls", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [total] })
      const gate = yield* Deferred.make<void>()
      const ask = stages(budget).effect(() => Effect.as(Deferred.await(gate), answer(10)))
      const fibers = yield* Effect.forEach(Array.from({ length: 9 }), () => Effect.forkChild(ask(callFor(30))))
      yield* Effect.yieldNow
      assert.deepStrictEqual(yield* stateOf(budget), ["total 0+90/100"])
      yield* Deferred.succeed(gate, undefined)
      const exits = yield* Effect.forEach(fibers, Fiber.await)
      assert.strictEqual(exits.filter(Exit.isSuccess).length, 3)
      assert.deepStrictEqual(yield* stateOf(budget), ["total 30+0/100"])
    })
  )

  it.effect("counts a call in all of its scopes or in none", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 10, 23, 12))
      const budget = yield* makeBudget({
        caps: [
          total,
          { per: ["day"], amount: "50", currency: "USD" },
          { per: ["tenant"], amount: "20", currency: "USD" },
          { only: { tenant: "acme" }, amount: "40", currency: "USD" },
          { per: ["day", "job"], amount: "35", currency: "USD" }
        ]
      })
      const ask = stages(budget).effect(() => Effect.succeed(answer(15)))
      const as = (tenant: string, job: string) => CallOptions.provide({ tenant, job })
      const scopeOf = Effect.map((error: unknown) => (error as BudgetExceededError).scope)
      // The cap of acme replaces that of every tenant.
      yield* as("acme", "a/b")(ask(callFor(25)))
      assert.strictEqual(yield* scopeOf(Effect.flip(as("globex", "x")(ask(callFor(21))))), "tenant:globex")
      assert.strictEqual(yield* scopeOf(Effect.flip(as("acme", "y")(ask(callFor(36))))), "day:2026-11-23")
      assert.strictEqual(yield* scopeOf(Effect.flip(as("acme", "a/b")(ask(callFor(21))))), "day:2026-11-23/job:a%2Fb")
      assert.deepStrictEqual(yield* stateOf(budget), [
        "total 15+0/100",
        "day:2026-11-23 15+0/50",
        "tenant:acme 15+0/40",
        "day:2026-11-23/job:a%2Fb 15+0/35"
      ])
    })
  )

  it.effect("resets daily caps at midnight in UTC; a call counts on the day it started", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 10, 23, 23, 59, 59))
      const budget = yield* makeBudget({ caps: [{ per: ["day"], amount: "50", currency: "USD" }] })
      const ask = stages(budget).effect(() => Effect.as(Effect.sleep("2 seconds"), answer(20)))
      const late = yield* Effect.forkChild(ask(callFor(50)))
      yield* Effect.yieldNow
      assert.isTrue(Exit.isFailure(yield* Effect.exit(ask(callFor(1)))))
      yield* TestClock.adjust("1 second")
      const early = yield* Effect.forkChild(ask(callFor(50)))
      yield* Effect.yieldNow
      assert.deepStrictEqual(yield* stateOf(budget), ["day:2026-11-23 0+50/50", "day:2026-11-24 0+50/50"])
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(late)
      assert.deepStrictEqual(yield* stateOf(budget), ["day:2026-11-23 20+0/50", "day:2026-11-24 0+50/50"])
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(early)
      assert.deepStrictEqual(yield* stateOf(budget), ["day:2026-11-23 20+0/50", "day:2026-11-24 20+0/50"])
      // Past days are deleted.
      yield* TestClock.adjust("3 days")
      assert.deepStrictEqual(yield* stateOf(budget), [])
    })
  )

  it.effect("reserves for each further attempt, or refuses it", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [{ ...total, amount: "70" }] })
      const twice = stages(budget, (inner) => ({
        ...inner,
        effect: (attempt) => (call) =>
          Effect.flatMap(
            Effect.all([inner.effect(attempt)(call), inner.effect(attempt)(call)], { concurrency: 2 }),
            ([, b]) => Effect.succeed(b)
          )
      }))
      const seen: Array<string> = []
      const ask = twice.effect(() =>
        Effect.gen(function* () {
          yield* Effect.yieldNow
          seen.push(...(yield* stateOf(budget)))
          return answer(5)
        })
      )
      yield* ask(callFor(30))
      assert.deepStrictEqual(seen, ["total 0+60/70", "total 5+30/70"])
      assert.deepStrictEqual(yield* stateOf(budget), ["total 10+0/70"])
      const error = yield* Effect.flip(ask(callFor(40)))
      assert.strictEqual(error._tag, "BudgetExceededError")
      // The running attempt is interrupted, and may have generated all that it was allowed.
      assert.deepStrictEqual(yield* stateOf(budget), ["total 50+0/70"])
    })
  )

  it.effect("covers another model with the first reservation only if that is enough", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [total] })
      const seen: Array<string> = []
      const dearer = stages(budget, (inner) => ({
        ...inner,
        effect: (attempt) => (call) =>
          inner.effect(attempt)({ ...call, request: { ...call.request, model: "two-dollars" } })
      }))
      const ask = dearer.effect(() =>
        Effect.gen(function* () {
          seen.push(...(yield* stateOf(budget)))
          return answer(5)
        })
      )
      yield* ask(callFor(30))
      assert.deepStrictEqual(seen, ["total 0+60/100"])
      assert.deepStrictEqual(yield* stateOf(budget), ["total 10+0/100"])
      assert.isTrue(Exit.isFailure(yield* Effect.exit(ask(callFor(46)))))
      assert.deepStrictEqual(yield* stateOf(budget), ["total 10+0/100"])
    })
  )

  it.effect("releases everything for a free attempt, or without an attempt", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [total] })
      const refused = new ConnectionRefusedError({ message: "refused" })
      yield* Effect.exit(stages(budget).effect(() => Effect.fail(refused))(callFor(30)))
      yield* Effect.exit(Stream.runDrain(stages(budget).stream(() => Stream.fail(refused))(callFor(30))))
      yield* Effect.exit(budget.stage().effect(() => Effect.fail(refused))(callFor(30)))
      yield* Effect.exit(budget.stage().effect(() => Effect.die("defect"))(callFor(30)))
      assert.deepStrictEqual(yield* stateOf(budget), ["total 0+0/100"])
    })
  )

  it.effect("releases what is reserved for a stream without an attempt", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [total] })
      yield* Stream.runDrain(budget.stage().stream(() => Stream.empty)(callFor(30)))
      assert.deepStrictEqual(yield* stateOf(budget), ["total 0+0/100"])
    })
  )

  it.effect("charges an unsettled attempt in full", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [total] })
      const ask = budget
        .stage()
        .effect((call) => Effect.as(Effect.asVoid(call.state?.budget?.reserve(call) ?? Effect.void), answer(1)))
      yield* ask(callFor(30))
      assert.deepStrictEqual(yield* stateOf(budget), ["total 30+0/100"])
    })
  )

  it.effect("charges an interrupted stream for all that it may have generated", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [total] })
      const read = stages(budget).stream(() => Stream.concat(Stream.take(events(1), 2), Stream.never))
      yield* Stream.runDrain(Stream.take(read(callFor(30)), 2))
      assert.deepStrictEqual(yield* stateOf(budget), ["total 30+0/100"])
    })
  )

  it.effect("charges the reported cost of a whole stream", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [total] })
      const whole = stages(budget).stream(() => events(9))
      yield* Stream.runDrain(whole(callFor(30)))
      assert.deepStrictEqual(yield* stateOf(budget), ["total 9+0/100"])
    })
  )

  it.effect("refuses an unknown price, unless that is allowed or no cap applies", () =>
    Effect.gen(function* () {
      const strange = callFor(10, { model: "strange" })
      const ask = (budget: Budget.Budget["Service"]) => stages(budget).effect(() => Effect.succeed(answer(10)))(strange)
      const error = yield* Effect.flip(ask(yield* makeBudget({ caps: [total] })))
      assert.deepStrictEqual([error._tag, error.provider, error.model], ["UnknownPriceError", "host", "strange"])
      yield* ask(yield* makeBudget({ caps: [total], onUnknownPrice: "allow" }))
      yield* ask(yield* makeBudget({ caps: [{ ...total, only: { tenant: "acme" } }] }))
      yield* ask(yield* makeBudget({ caps: [] }))
    })
  )

  it.effect("does nothing with layerOff", () =>
    Effect.gen(function* () {
      const budget = yield* Effect.provide(Budget.Budget, Budget.layerOff)
      yield* stages(budget).effect(() => Effect.succeed(answer(10)))(callFor(10, { model: "strange" }))
      assert.deepStrictEqual(budget.stage().options, { is: "off" })
    })
  )

  it.effect("is named in the description of the pipeline", () =>
    Effect.map(makeBudget({ caps: [total] }), (budget) => {
      const { name, options } = budget.stage()
      assert.deepStrictEqual([name, options], ["budget", budget.options])
    })
  )

  it.effect("has no state with layerOff", () =>
    Effect.gen(function* () {
      const budget = yield* Effect.provide(Budget.Budget, Budget.layerOff)
      assert.strictEqual(budget.stage().name, "budget")
      assert.deepStrictEqual(yield* budget.state, [])
      assert.strictEqual((yield* budget.today).date, "1970-01-01")
    })
  )

  it.effect("reserves nothing with layerOff", () =>
    Effect.gen(function* () {
      const budget = yield* Effect.provide(Budget.Budget, Budget.layerOff)
      const call = yield* budget.open(callFor(1_000))
      const attempt = yield* call.reserve(callFor(1_000))
      yield* attempt.settle(undefined)
      const expense = yield* budget.reserve({
        tool: "search",
        cost: { currency: "USD", total: BigDecimal.fromBigInt(9n) }
      })
      yield* expense.settle(BigDecimal.fromBigInt(9n))
      yield* budget.checkPrice(callFor(10, { model: "strange" }))
      yield* budget.settleHold("id", undefined)
      assert.deepStrictEqual(yield* budget.state, [])
    })
  )

  it.effect("checks whether a price is known", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [total] })
      yield* budget.checkPrice(callFor(10))
      assert.strictEqual(
        (yield* Effect.flip(budget.checkPrice(callFor(10, { model: "strange" }))))._tag,
        "UnknownPriceError"
      )
    })
  )

  it.effect("has the date of its time zone", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 10, 23, 23, 30))
      const utc = yield* makeBudget({ caps: [total] })
      const berlin = yield* makeBudget({ caps: [total], timeZone: "Europe/Berlin" })
      assert.deepStrictEqual([(yield* utc.today).date, (yield* berlin.today).date], ["2026-11-23", "2026-11-24"])
    })
  )

  it.effect("names every invalid option", () =>
    Effect.gen(function* () {
      const result = yield* Effect.result(
        Effect.provide(
          Budget.Budget,
          Budget.layer({
            caps: [total, total, { amount: "much", currency: "USD" }, { amount: "-1", currency: "USD", per: ["day"] }],
            thresholds: [0],
            lease: 0,
            timeout: "Infinity"
          })
        )
      )
      const issues = Result.isFailure(result) ? result.failure.issues.map(({ name }) => name) : []
      assert.deepStrictEqual(issues, [
        "Budget caps[1]",
        "Budget caps[2].amount",
        "Budget caps[2]",
        "Budget caps[3].amount",
        "Budget lease",
        "Budget timeout",
        "Budget thresholds"
      ])
    })
  )
})

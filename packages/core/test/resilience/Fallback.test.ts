import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { classes } from "../../src/errors/KimiError.ts"
import { defaults } from "../../src/KimiConfig.ts"
import { type Call, accountModelKey } from "../../src/pipeline/Call.ts"
import * as CircuitBreaker from "../../src/resilience/CircuitBreaker.ts"
import * as Fallback from "../../src/resilience/Fallback.ts"
import * as Retry from "../../src/resilience/Retry.ts"
import * as RetryBudget from "../../src/resilience/RetryBudget.ts"
import { answer, call, chat, request, step } from "./support/fallback.ts"

const overloaded = new classes.OverloadedError({ message: "overloaded", provider: "moonshot", requestId: "r-1" })
const quota = new classes.QuotaExceededError({ message: "empty" })
const unauthorized = new classes.AuthenticationError({ message: "who?" })
const tooLong = new classes.ContextLengthError({ message: "too long" })
const unusable = new classes.UnsupportedMediaError({ message: "no such file here" })
const open = new classes.CircuitOpenError({ message: "open", key: "c/kimi-k2.6", state: "open" })

/** A call with retries and circuits whose account `a` fails, and whose step `b` succeeds at its second attempt. */
const makeResilient = Effect.gen(function* () {
  const breaker = yield* CircuitBreaker.make({ consecutiveFailures: 2 })
  const budget = yield* RetryBudget.make()
  const retry = Retry.withRetry({ ...Retry.fromConfig(defaults), maxAttempts: 2, jitter: "none" }, budget)
  const stage = Fallback.stage({ check: Effect.succeed, steps: [step("b/kimi-k3")] })
  const called: Array<string> = []
  const run = stage.effect((inner) =>
    retry(
      breaker.guard(accountModelKey(inner))(
        Effect.suspend(() => {
          const isFirst = !called.includes(inner.account)
          called.push(inner.account)
          return inner.account === "a" || isFirst ? Effect.fail(overloaded) : Effect.succeed(answer)
        })
      )
    )
  )(call)
  return { breaker, called, run }
})

const unauthorizedScript = { "a/kimi-k2.6": overloaded, "b/kimi-k2.6": unauthorized, "c/kimi-k2.6": overloaded }

describe("Fallback", () => {
  it.effect("does not use a step if the call succeeds", () =>
    Effect.gen(function* () {
      const { places, run } = chat([step("b")], {})
      assert.strictEqual(yield* run, answer)
      assert.deepStrictEqual(places(), ["a/kimi-k2.6"])
    })
  )

  it.effect("tries the steps in order, each at its account, host, model", () =>
    Effect.gen(function* () {
      const { made, run } = chat([step("b"), step("c/kimi-k3"), step("d")], {
        "a/kimi-k2.6": overloaded,
        "b/kimi-k2.6": quota
      })
      assert.strictEqual(yield* run, answer)
      assert.deepStrictEqual(made, [
        call,
        { account: "b", provider: "host of b", request },
        { account: "c", provider: "host of c", request: { ...request, model: "kimi-k3" } }
      ])
    })
  )

  it.effect("passes the state of the call to every step", () =>
    Effect.gen(function* () {
      const notes = {}
      const called: Array<Call> = []
      const stage = Fallback.stage({ check: Effect.succeed, steps: [step("b")] })
      const run = stage.effect((inner) => {
        called.push(inner)
        return Effect.fail(overloaded)
      })
      yield* Effect.flip(run({ ...call, state: notes }))
      assert.deepStrictEqual(
        called.map(({ account }) => account),
        ["a", "b"]
      )
      for (const inner of called) assert.strictEqual(inner.state, notes)
    })
  )

  it.effect("fails with the error itself if no step may help", () =>
    Effect.gen(function* () {
      for (const steps of [[], [step("a/kimi-k3")], [step("b", { on: ["QuotaExceededError"] })]]) {
        const { places, run } = chat(steps, { "a/kimi-k2.6": overloaded })
        assert.strictEqual(yield* Effect.flip(run), overloaded)
        assert.deepStrictEqual(places(), ["a/kimi-k2.6"])
      }
    })
  )

  it.effect("does not call a failed account in a later step", () =>
    Effect.gen(function* () {
      const { places, run } = chat([step("b"), step("a/kimi-k3"), step("b/kimi-k3"), step("c")], {
        "a/kimi-k2.6": quota,
        "b/kimi-k2.6": overloaded
      })
      yield* run
      assert.deepStrictEqual(places(), ["a/kimi-k2.6", "b/kimi-k2.6", "c/kimi-k2.6"])
    })
  )

  it.effect("ends at an error that no step can help against", () =>
    Effect.gen(function* () {
      const ended = chat([step("b"), step("c")], unauthorizedScript)
      assert.strictEqual((yield* Effect.flip(ended.run))._tag, "AuthenticationError")
      assert.deepStrictEqual(ended.places(), ["a/kimi-k2.6", "b/kimi-k2.6"])
    })
  )

  it.effect("continues after any error that a step lists", () =>
    Effect.gen(function* () {
      const named = chat([step("b"), step("c", { on: ["AuthenticationError"] }), step("d")], unauthorizedScript)
      yield* named.run
      assert.deepStrictEqual(named.places(), ["a/kimi-k2.6", "b/kimi-k2.6", "c/kimi-k2.6", "d/kimi-k2.6"])
    })
  )

  it.effect("tries only larger windows after a call that is too long", () =>
    Effect.gen(function* () {
      const overflow = chat(
        [step("b/moonshot-v1-128k"), step("c/house-model"), step("d"), step("a/kimi-k3"), step("e")],
        { "a/kimi-k2.6": tooLong, "a/kimi-k3": overloaded }
      )
      assert.strictEqual((yield* Effect.flip(overflow.run))._tag, "OverloadedError")
      assert.deepStrictEqual(overflow.places(), ["a/kimi-k2.6", "a/kimi-k3"])
    })
  )

  it.effect("uses the window that the host reports", () =>
    Effect.gen(function* () {
      const failing = (limit: number) => ({ "a/kimi-k2.6": new classes.ContextLengthError({ message: "long", limit }) })
      const smaller = chat([step("b")], failing(131_072))
      assert.strictEqual(yield* smaller.run, answer)
      const larger = chat([step("b"), step("b/kimi-k3")], failing(1_048_576))
      assert.strictEqual((yield* Effect.flip(larger.run))._tag, "ContextLengthError")
      assert.deepStrictEqual(larger.places(), ["a/kimi-k2.6"])
    })
  )

  it.effect("keeps the error if the only step cannot accept the request", () =>
    Effect.gen(function* () {
      const refusing = step("b", { check: () => Effect.fail(unusable) })
      const only = chat([refusing], { "a/kimi-k2.6": overloaded })
      assert.strictEqual(yield* Effect.flip(only.run), overloaded)
    })
  )

  it.effect("skips a step that cannot accept the request", () =>
    Effect.gen(function* () {
      const refusing = step("b", { check: () => Effect.fail(unusable) })
      const { places, run } = chat([refusing, step("c")], { "a/kimi-k2.6": overloaded })
      assert.strictEqual(yield* run, answer)
      assert.deepStrictEqual(places(), ["a/kimi-k2.6", "c/kimi-k2.6"])
    })
  )

  it.effect("checks the original request for every step", () =>
    Effect.gen(function* () {
      const repair = (stop: string) => (original: typeof request) => {
        assert.notProperty(original, "stop")
        return Effect.succeed({ ...original, stop })
      }
      const { made, run } = chat(
        [step("b/kimi-k3", { check: repair("b") })],
        { "a/kimi-k2.6": overloaded },
        repair("a")
      )
      yield* run
      assert.deepStrictEqual(
        made.map((one) => one.request),
        [
          { ...request, stop: "a" },
          { ...request, model: "kimi-k3", stop: "b" }
        ]
      )
    })
  )

  it.effect("falls back after the check of the call's host fails", () =>
    Effect.gen(function* () {
      const retired = new classes.ModelRetiredError({ message: "gone", retiredOn: "2026-08-31", successor: "kimi-k3" })
      const { places, run } = chat([step("a/kimi-k3")], {}, () => Effect.fail(retired))
      assert.strictEqual(yield* run, answer)
      assert.deepStrictEqual(places(), ["a/kimi-k3"])
    })
  )

  it.effect("fails with the error of the check if no step may help", () =>
    Effect.gen(function* () {
      const invalid = new classes.InvalidRequestError({ message: "no" })
      const refused = chat([step("b/kimi-k3")], {}, () => Effect.fail(invalid))
      assert.strictEqual(yield* Effect.flip(refused.run), invalid)
    })
  )

  it.effect("fails with the last error, which has the attempts of every step", () =>
    Effect.gen(function* () {
      const retries = [
        { tag: "ServerError", startedAt: 5, duration: 6, delay: 7, isPossiblyBilled: false },
        { tag: "TotalTimeoutError", startedAt: 18, duration: 9, delay: 0, isPossiblyBilled: true }
      ]
      const script = {
        "a/kimi-k2.6": overloaded,
        "b/kimi-k2.6": new classes.ServerError({ message: "retried", attempts: retries }),
        "c/kimi-k2.6": open
      }
      const stage = Fallback.stage({ check: Effect.succeed, steps: [step("b"), step("c")] })
      const run = stage.effect((inner) => {
        const error = Object.entries(script).find(([place]) => place === accountModelKey(inner))?.[1]
        return Effect.delay(Effect.fail(error ?? assert.fail("not in the plan")), "3 seconds")
      })(call)
      const fiber = yield* Effect.forkChild(Effect.flip(run))
      yield* TestClock.adjust("9 seconds")
      const error = yield* Fiber.join(fiber)
      assert.strictEqual(error._tag, "CircuitOpenError")
      assert.strictEqual(error.message, "open")
      assert.deepStrictEqual(error.attempts, [
        {
          tag: "OverloadedError",
          provider: "moonshot",
          model: "kimi-k2.6",
          requestId: "r-1",
          startedAt: 0,
          duration: 3_000,
          delay: 0,
          isPossiblyBilled: false
        },
        ...retries,
        {
          tag: "CircuitOpenError",
          provider: "host of c",
          model: "kimi-k2.6",
          startedAt: 6_000,
          duration: 3_000,
          delay: 0,
          isPossiblyBilled: false
        }
      ])
      assert.notProperty(open, "attempts")
    })
  )

  it.effect("stops at the current step when it is interrupted", () =>
    Effect.gen(function* () {
      const log: Array<string> = []
      const stage = Fallback.stage({ check: Effect.succeed, steps: [step("b"), step("c")] })
      const run = stage.effect((inner) => {
        log.push(`ask ${inner.account}`)
        const released = Effect.sync(() => log.push(`release ${inner.account}`))
        return Effect.ensuring(inner.account === "a" ? Effect.fail(overloaded) : Effect.never, released)
      })(call)
      const fiber = yield* Effect.forkChild(run, { startImmediately: true })
      yield* Fiber.interrupt(fiber)
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(fiber)))
      assert.deepStrictEqual(log, ["ask a", "release a", "ask b", "release b"])
    })
  )

  it.effect("does not fall back after a defect", () =>
    Effect.gen(function* () {
      const called: Array<string> = []
      const stage = Fallback.stage({ check: Effect.succeed, steps: [step("b")] })
      const run = stage.effect((inner) => {
        called.push(inner.account)
        return Effect.die("a bug")
      })(call)
      assert.isTrue(Exit.hasDies(yield* Effect.exit(run)))
      assert.deepStrictEqual(called, ["a"])
    })
  )

  it.effect("has separate retries for every step", () =>
    Effect.gen(function* () {
      const { called, run } = yield* makeResilient
      const first = yield* Effect.forkChild(run)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* Fiber.join(first), answer)
      assert.deepStrictEqual(called, ["a", "a", "b", "b"])
    })
  )

  it.effect("has a separate circuit for every step", () =>
    Effect.gen(function* () {
      const { breaker, called, run } = yield* makeResilient
      yield* breaker.forceOpen("a/kimi-k2.6")
      const fiber = yield* Effect.forkChild(run)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* Fiber.join(fiber), answer)
      assert.deepStrictEqual(called, ["b", "b"])
      assert.deepStrictEqual([...(yield* breaker.states).keys()], ["a/kimi-k2.6", "b/kimi-k3"])
    })
  )

  it("describes its steps in order", () => {
    const { options } = Fallback.stage({
      check: Effect.succeed,
      steps: [step("b/kimi-k3"), step("a", { on: ["OverloadedError", "RateLimitError"] })]
    })
    assert.deepStrictEqual(options, {
      "1": "b/kimi-k3",
      "2": "a/the same model on OverloadedError or RateLimitError"
    })
  })
})

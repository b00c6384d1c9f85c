import { assert, describe, it } from "@effect/vitest"
import { Cause, Deferred, Duration, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { classes } from "../../src/errors/KimiError.ts"
import * as Admission from "../../src/resilience/Admission.ts"
import { account, ask, isIdle, makeCounted, refusal, start, stateOf } from "./support/admission.ts"
import { errorOf } from "./support/breaker.ts"
import { makePausing } from "./support/pausing.ts"
import { responseOf } from "../support/responses.ts"

const broken = new classes.ServerError({ message: "broken" })

/** An attempt that ends on request. */
const makeHeld = Effect.map(Deferred.make<string, typeof broken>(), (end) => ({ attempt: Deferred.await(end), end }))

/** A request that counts how often its tokens are counted. */
const makeCountedRequest = () => {
  let counts = 0
  const tokens = () => {
    counts += 1
    return 1
  }
  return { request: { account, tokens }, counts: () => counts }
}

describe("Admission", () => {
  it.effect("passes on the result of an attempt with capacity", () =>
    Effect.gen(function* () {
      const { admission, timersBegun } = yield* makeCounted({
        limits: { concurrency: 1, requestsPerMinute: 3, tokensPerMinute: 100, tokensPerDay: 1_000 }
      })
      assert.strictEqual(yield* admission.guard(ask(10))(Effect.succeed("answer")), "answer")
      assert.strictEqual(yield* Effect.flip(admission.guard(ask(20))(Effect.fail(broken))), broken)
      assert.deepStrictEqual(yield* Effect.exit(admission.guard(ask(30))(Effect.die("ours"))), Exit.die("ours"))
      assert.deepInclude(yield* stateOf(admission), {
        inFlight: 0,
        waiting: 0,
        requestsInMinute: 3,
        tokensInMinute: 60,
        tokensInDay: 60
      })
      assert.strictEqual(timersBegun(), 0)
    })
  )

  it.effect("does not count tokens if they are not limited", () =>
    Effect.gen(function* () {
      const counted = makeCountedRequest()
      const without = yield* Admission.make({ limits: { concurrency: 1, requestsPerMinute: 9 } })
      yield* without.guard(counted.request)(Effect.void)
      assert.strictEqual(counted.counts(), 0)
    })
  )

  it.effect("counts tokens once if they are limited", () =>
    Effect.gen(function* () {
      const counted = makeCountedRequest()
      const limited = yield* Admission.make({ limits: { tokensPerDay: 1 } })
      yield* limited.guard(counted.request)(Effect.void)
      assert.strictEqual(counted.counts(), 1)
    })
  )

  it.effect("separates accounts with their own limits", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: (name) => ({ concurrency: name === "a" ? 1 : 2 }) })
      assert.strictEqual((yield* admission.states).size, 0)
      const never = (name: string) => start(admission.guard({ ...ask(), account: name })(Effect.never))
      for (const name of ["a", "a", "b", "b", "b"]) yield* never(name)
      const states = yield* admission.states
      assert.deepStrictEqual([...states.keys()], ["a", "b"])
      assert.deepInclude(states.get("a"), { inFlight: 1, waiting: 1, limits: { concurrency: 1 } })
      assert.deepInclude(states.get("b"), { inFlight: 2, waiting: 1, limits: { concurrency: 2 } })
    })
  )

  it.effect("admits the next call as soon as one ends with any exit", () =>
    Effect.gen(function* () {
      const { admission, timers } = yield* makeCounted({ limits: { concurrency: 1 } })
      for (const finish of [Exit.succeed("answer"), Exit.fail(broken), Exit.die("ours"), Exit.interrupt()]) {
        const { attempt, end } = yield* makeHeld
        const first = yield* start(admission.guard(ask())(attempt))
        const second = yield* start(admission.guard(ask())(Effect.succeed("next")))
        assert.deepInclude(yield* stateOf(admission), { inFlight: 1, waiting: 1 })
        assert.strictEqual(timers(), 1)
        yield* Deferred.done(end, finish)
        yield* Fiber.await(first)
        assert.deepStrictEqual(second.pollUnsafe(), Exit.succeed("next"))
        yield* isIdle(admission)
        assert.strictEqual(timers(), 0)
      }
    })
  )

  it.effect("admits calls exactly when earlier ones leave the window", () =>
    Effect.gen(function* () {
      const { admission, timers } = yield* makeCounted({ limits: { requestsPerMinute: 2 } })
      yield* admission.guard(ask())(Effect.void)
      yield* TestClock.adjust("30 seconds")
      yield* admission.guard(ask())(Effect.void)
      const third = yield* start(admission.guard(ask())(Effect.void))
      const fourth = yield* start(admission.guard(ask())(Effect.void))
      assert.strictEqual(timers(), 1)
      yield* TestClock.adjust("31099 millis")
      assert.isUndefined(third.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(third.pollUnsafe(), Exit.void)
      assert.isUndefined(fourth.pollUnsafe())
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual(fourth.pollUnsafe(), Exit.void)
      assert.strictEqual(timers(), 0)
    })
  )

  it.effect("does not admit a small call before a large one that waits for tokens", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { tokensPerMinute: 100 } })
      yield* admission.guard(ask(50))(Effect.void)
      const large = yield* start(admission.guard(ask(80))(Effect.void))
      const small = yield* start(admission.guard(ask(1))(Effect.void))
      yield* TestClock.adjust("61 seconds")
      assert.isUndefined(small.pollUnsafe())
      yield* TestClock.adjust("100 millis")
      assert.deepStrictEqual([large.pollUnsafe(), small.pollUnsafe()], [Exit.void, Exit.void])
    })
  )

  it.effect("slows down after a refusal of the host", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { concurrency: 8 } })
      for (let call = 0; call < 5; call++) yield* start(admission.guard(ask())(Effect.never))
      const overloaded = new classes.OverloadedError({ message: "429", retryAfter: Duration.seconds(5) })
      yield* refusal(admission, 0, Effect.fail(overloaded))
      assert.deepInclude(yield* stateOf(admission), { inFlight: 5, concurrency: 7, pausedUntil: 0 })
    })
  )

  it.effect("pauses after refusals in a row", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { concurrency: 8 } })
      const overloaded = new classes.OverloadedError({ message: "429", retryAfter: Duration.seconds(5) })
      for (let call = 0; call < 4; call++) yield* refusal(admission, 0, Effect.fail(overloaded))
      assert.deepInclude(yield* stateOf(admission), { inFlight: 0, pausedUntil: 5_000 })
    })
  )

  it.effect("admits other calls after one refusal", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { concurrency: 8, requestsPerMinute: 100 } })
      const refused = new classes.RateLimitError({
        message: "max RPM: 100",
        kind: "requests per minute",
        limit: 100,
        retryAfter: Duration.seconds(5)
      })
      yield* refusal(admission, 0, Effect.fail(refused))
      assert.deepStrictEqual((yield* start(admission.guard(ask())(Effect.void))).pollUnsafe(), Exit.void)
    })
  )

  it.effect("restores the concurrency after successes", () =>
    Effect.gen(function* () {
      const overloaded = new classes.OverloadedError({ message: "429", retryAfter: Duration.seconds(5) })
      const later = yield* Admission.make({ limits: { concurrency: 8 } })
      yield* refusal(later, 0, Effect.fail(overloaded))
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual((yield* stateOf(later)).concurrency, 7)
      for (let call = 0; call < 10; call++) yield* later.guard(ask())(Effect.void)
      assert.strictEqual((yield* stateOf(later)).concurrency, 8)
    })
  )

  it.effect("ignores an error together with an interrupt", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { concurrency: 8 } })
      const overloaded = new classes.OverloadedError({ message: "429", retryAfter: Duration.seconds(5) })
      const both = Cause.combine(Cause.fail(overloaded), Cause.interrupt())
      yield* Effect.exit(admission.guard(ask())(Effect.failCause(both)))
      assert.deepInclude(yield* stateOf(admission), { inFlight: 0, concurrency: 8, pausedUntil: 0 })
    })
  )

  it.effect("applies the rate status of a response", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make()
      const answer = responseOf("hello", { rateStatus: { limit: 10, remaining: 2 } })
      assert.strictEqual(yield* admission.guard(ask())(Effect.succeed(answer)), answer)
      assert.deepInclude(yield* stateOf(admission), { requestsInMinute: 8, limits: { requestsPerMinute: 10 } })
    })
  )

  it.effect("counts the tokens of a call that was queued before tokens were limited", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { concurrency: 1 } })
      const holder = yield* makeHeldBy(admission)
      const first = yield* start(admission.guard(ask(600))(Effect.void))
      const second = yield* start(admission.guard(ask(600))(Effect.void))
      yield* holder.fail(new classes.RateLimitError({ message: "429", kind: "tokens per minute", limit: 1_000 }))
      assert.deepStrictEqual(first.pollUnsafe(), Exit.void)
      assert.isUndefined(second.pollUnsafe())
      assert.deepInclude(yield* stateOf(admission), { tokensInMinute: 600, waiting: 1, inFlight: 0 })
    })
  )

  it.effect("releases no tokens that were not counted at admission", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { concurrency: 2 } })
      const { attempt, end } = yield* makeHeld
      yield* start(admission.guard(ask())(attempt))
      const holder = yield* makeHeldBy(admission)
      const { at, pausing } = yield* makePausing
      const waiting = yield* start(pausing(admission.guard(ask(600))(Effect.never)))
      at(1)
      yield* Deferred.succeed(end, "answer")
      assert.deepInclude(yield* stateOf(admission), { inFlight: 2, waiting: 0, requestsInMinute: 3 })
      yield* holder.fail(new classes.RateLimitError({ message: "429", kind: "tokens per minute", limit: 1_000 }))
      yield* Fiber.interrupt(waiting)
      assert.deepInclude(yield* stateOf(admission), { inFlight: 0, requestsInMinute: 2, tokensInMinute: 0 })
    })
  )

  it.effect("sends a queued call that exceeds a limit which the host has named in one text only", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { concurrency: 1, tokensPerMinute: 10_000 } })
      const holder = yield* makeHeldBy(admission)
      const large = yield* start(admission.guard(ask(6_000))(Effect.void))
      yield* holder.fail(
        new classes.RateLimitError({ message: "429", kind: "tokens per minute", limit: 5_000, current: 5_000 })
      )
      assert.isUndefined(large.pollUnsafe())
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(large.pollUnsafe(), Exit.void)
    })
  )

  it.effect("refuses a queued call that exceeds a limit configured in the meantime", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { concurrency: 1, tokensPerMinute: 10_000 } })
      yield* start(admission.guard(ask(0))(Effect.never))
      const large = yield* start(admission.guard(ask(6_000))(Effect.void))
      yield* admission.change({ limits: { concurrency: 2, tokensPerMinute: 5_000 } })
      assert.deepInclude(
        { ...errorOf(yield* Fiber.await(large)) },
        { _tag: "AdmissionLimitError", kind: "tokens per minute", limit: 5_000, tokens: 6_000, account }
      )
    })
  )
})

/** A call that holds a permit until it fails on request. */
const makeHeldBy = Effect.fnUntraced(function* (admission: Admission.Admission["Service"]) {
  const end = yield* Deferred.make<never, InstanceType<typeof classes.RateLimitError>>()
  const fiber = yield* start(Effect.exit(admission.guard(ask(0))(Deferred.await(end))))
  return {
    fail: (error: InstanceType<typeof classes.RateLimitError>) =>
      Effect.andThen(Deferred.fail(end, error), Fiber.await(fiber))
  }
})

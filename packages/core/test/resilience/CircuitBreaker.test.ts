import { assert, describe, it } from "@effect/vitest"
import { Cause, Deferred, Duration, Effect, Exit, Fiber, Random } from "effect"
import { TestClock } from "effect/testing"
import { table } from "../../src/errors/ErrorFacts.ts"
import { classes, type KimiError } from "../../src/errors/KimiError.ts"
import * as CircuitBreaker from "../../src/resilience/CircuitBreaker.ts"
import { broken, fail, key, make, openTimes, rejection, succeed, tag, waits } from "./support/breaker.ts"

const overloaded = (after: Duration.Input) =>
  new classes.OverloadedError({ message: "busy", retryAfter: Duration.fromInputUnsafe(after) })

/** How an error counts against the host. */
const errors: ReadonlyArray<readonly [counts: "failure" | "ignored", error: KimiError]> = [
  ["failure", broken],
  ["failure", new classes.ServiceUnavailableError({ message: "503" })],
  ["failure", new classes.GatewayTimeoutError({ message: "504" })],
  ["failure", new classes.ConnectionLostError({ message: "lost" })],
  ["failure", new classes.ConnectionRefusedError({ message: "refused" })],
  ["failure", new classes.DnsError({ message: "unknown" })],
  ["failure", new classes.TotalTimeoutError({ message: "slow", timeout: Duration.seconds(1) })],
  ["failure", new classes.FirstTokenTimeoutError({ message: "slow", timeout: Duration.seconds(1) })],
  ["failure", new classes.IdleTimeoutError({ message: "slow", timeout: Duration.seconds(1) })],
  ["failure", new classes.OverloadedError({ message: "busy" })],
  ["failure", new classes.StreamInterruptedError({ message: "broke" })],
  ["ignored", new classes.RateLimitError({ message: "429", kind: "unknown" })],
  ["ignored", new classes.QuotaExceededError({ message: "empty" })],
  ["ignored", new classes.InvalidRequestError({ message: "400" })],
  ["ignored", new classes.ModelNotFoundError({ message: "404" })],
  ["ignored", new classes.AuthenticationError({ message: "401" })],
  ["ignored", new classes.PermissionDeniedError({ message: "403" })],
  ["ignored", new classes.RequestCancelledError({ message: "499" })]
]

describe("the circuits of arbitrary model names", () => {
  it.effect("are bounded in number without losing those that are not healthy", () =>
    Effect.gen(function* () {
      const breaker = yield* CircuitBreaker.make()
      const ask = (key: string) => breaker.guard(key)(Effect.succeed("answer"))
      yield* breaker.isolate("isolated")
      yield* Effect.ignore(breaker.guard("failing")(Effect.fail(broken)))
      for (let i = 0; i < 10_000; i++) yield* ask(`model ${i}`)
      const states = yield* breaker.states
      assert.strictEqual(states.size, 4_096)
      assert.strictEqual(states.get("isolated")?._tag, "Isolated")
      assert.isTrue(states.has("failing"))
      assert.isTrue(states.has("model 9999"))
      assert.isFalse(states.has("model 0"))
    })
  )
})

describe("CircuitBreaker.guard", () => {
  it.effect("opens after the configured number of consecutive failures", () =>
    Effect.gen(function* () {
      const breaker = yield* make()
      yield* fail(breaker, broken, 2)
      assert.strictEqual(yield* succeed(breaker), "answer")
      yield* fail(breaker, broken, 2)
      assert.strictEqual(yield* tag(breaker), "Closed")
      yield* fail(breaker)
      assert.strictEqual(yield* tag(breaker), "Open")
    })
  )

  it.effect("rejects calls with the circuit, its state, the remaining wait", () =>
    Effect.gen(function* () {
      const breaker = yield* make()
      yield* fail(breaker, broken, 3)
      yield* TestClock.adjust("4 seconds")
      const error = yield* rejection(breaker)
      assert.strictEqual(error.message, `The circuit of ${key} is open; the call was not sent`)
      assert.deepStrictEqual([error.key, error.state, error.retryAfter], [key, "open", Duration.seconds(6)])
      assert.isFalse(error.isRetryable)
    })
  )

  it.effect("closes when a probe after the open duration succeeds", () =>
    Effect.gen(function* () {
      const breaker = yield* make()
      yield* fail(breaker, broken, 3)
      yield* waits(breaker, 10)
      assert.strictEqual(yield* tag(breaker), "Open")
      assert.strictEqual(yield* succeed(breaker), "answer")
      assert.strictEqual(yield* tag(breaker), "Closed")
      yield* fail(breaker, broken, 2)
      assert.strictEqual(yield* tag(breaker), "Closed")
    })
  )

  it.effect("opens for longer after every failed probe up to the cap", () =>
    Effect.gen(function* () {
      const breaker = yield* make()
      yield* fail(breaker, broken, 3)
      for (const seconds of [10, 20, 40, 60, 60]) {
        yield* waits(breaker, seconds)
        yield* fail(breaker)
      }
      yield* waits(breaker, 60)
    })
  )

  it.effect("opens for the first open duration again once it has closed", () =>
    Effect.gen(function* () {
      const breaker = yield* make()
      for (let round = 0; round < 2; round++) {
        yield* fail(breaker, broken, 3)
        for (const seconds of [10, 20]) {
          yield* waits(breaker, seconds)
          yield* fail(breaker)
        }
        yield* waits(breaker, 40)
        yield* succeed(breaker)
      }
    })
  )

  it.effect("stays at the last open duration of a schedule that ends", () =>
    Effect.gen(function* () {
      const breaker = yield* make({ consecutiveFailures: 1, openDuration: openTimes(3, 5) })
      for (const seconds of [3, 5, 5, 5]) {
        yield* fail(breaker)
        yield* waits(breaker, seconds)
      }
    })
  )

  it.effect("opens for a constant duration", () =>
    Effect.gen(function* () {
      const breaker = yield* make({ consecutiveFailures: 1, openDuration: "7 seconds" })
      for (const seconds of [7, 7, 7]) {
        yield* fail(breaker)
        yield* waits(breaker, seconds)
      }
    })
  )

  it.effect("shows its options whose durations were given as text", () =>
    Effect.gen(function* () {
      const breaker = yield* make({ maxOpenDuration: "1 minute", probeTimeout: "10 seconds" })
      assert.deepInclude(breaker.options, { "open for": "at most 1m", probes: "1 at a time for 10s" })
    })
  )

  it.effect("opens for half to all of five seconds by default", () =>
    Effect.gen(function* () {
      const breaker = yield* CircuitBreaker.make()
      yield* fail(breaker, broken, 15)
      yield* waits(breaker, 3.75)
    }).pipe(Effect.provideService(Random.Random, { nextDoubleUnsafe: () => 0.5, nextIntUnsafe: () => 0 }))
  )

  it.effect("stays open for the wait that the host requests if it is longer", () =>
    Effect.gen(function* () {
      const breaker = yield* make({ consecutiveFailures: 1, maxOpenDuration: Duration.seconds(90) })
      yield* fail(breaker, overloaded("15 seconds"))
      yield* waits(breaker, 15)
      yield* fail(breaker, overloaded("15 seconds"))
      yield* waits(breaker, 20)
    })
  )

  it.effect("bounds the wait that the host requests by the longest open duration", () =>
    Effect.gen(function* () {
      const breaker = yield* make({ consecutiveFailures: 1, maxOpenDuration: Duration.seconds(90) })
      yield* fail(breaker, overloaded("1 hour"))
      yield* waits(breaker, 90)
    })
  )

  it.effect("bounds the schedule by the longest open duration", () =>
    Effect.gen(function* () {
      const short = yield* make({ consecutiveFailures: 1, maxOpenDuration: Duration.seconds(7) })
      yield* fail(short)
      yield* waits(short, 7)
    })
  )

  it.effect("stays open for the wait that an earlier failure requested", () =>
    Effect.gen(function* () {
      const busy = new classes.ServiceUnavailableError({ message: "busy", retryAfter: Duration.seconds(40) })
      const breaker = yield* make()
      yield* fail(breaker, busy)
      yield* TestClock.adjust("5 seconds")
      yield* fail(breaker, broken, 2)
      yield* waits(breaker, 35)
    })
  )

  it.effect("ignores the requested wait of a failure before a success", () =>
    Effect.gen(function* () {
      const busy = new classes.ServiceUnavailableError({ message: "busy", retryAfter: Duration.seconds(40) })
      const breaker = yield* make()
      yield* fail(breaker, busy)
      yield* succeed(breaker)
      yield* fail(breaker, broken, 3)
      yield* waits(breaker, 10)
    })
  )

  it.effect("opens at the failure rate in the window after the minimum number of calls", () =>
    Effect.gen(function* () {
      const breaker = yield* make({ consecutiveFailures: undefined, failureRate: 0.5, minimumCalls: 4 })
      yield* fail(breaker, broken, 3)
      yield* TestClock.adjust("61 seconds")
      yield* fail(breaker, broken, 2)
      yield* succeed(breaker)
      assert.strictEqual(yield* tag(breaker), "Closed")
      yield* succeed(breaker)
      assert.strictEqual(yield* tag(breaker), "Open")
    })
  )

  it.effect.each(errors.map(([counts, error]) => [error._tag, counts, error] as const))(
    "%s: %s",
    ([tagOf, counts, error]) =>
      Effect.gen(function* () {
        assert.strictEqual(table[tagOf].breaker, counts)
        const breaker = yield* make({ consecutiveFailures: 1 })
        yield* fail(breaker, error)
        assert.strictEqual(yield* tag(breaker), counts === "failure" ? "Open" : "Closed")
      })
  )

  it.effect("does not count defects or interrupts", () =>
    Effect.gen(function* () {
      const breaker = yield* make()
      yield* fail(breaker, broken, 2)
      const defect = new Error("ours")
      assert.deepStrictEqual(yield* Effect.exit(breaker.guard(key)(Effect.die(defect))), Exit.die(defect))
      yield* Effect.exit(breaker.guard(key)(Effect.interrupt))
      const both = Cause.combine(Cause.fail(broken), Cause.interrupt())
      yield* Effect.exit(breaker.guard(key)(Effect.failCause(both)))
      assert.strictEqual(yield* tag(breaker), "Closed")
      yield* fail(breaker)
      assert.strictEqual(yield* tag(breaker), "Open")
    })
  )

  it.effect("ignores the outcome of calls that began before it opened", () =>
    Effect.gen(function* () {
      const breaker = yield* make()
      const gate = yield* Deferred.make<string, KimiError>()
      const calls = yield* Effect.forkChild(
        Effect.all(
          Array.from({ length: 9 }, () => Effect.exit(breaker.guard(key)(Deferred.await(gate)))),
          { concurrency: "unbounded" }
        )
      )
      yield* TestClock.adjust("1 second")
      yield* fail(breaker, broken, 3)
      yield* TestClock.adjust("1 second")
      yield* Deferred.fail(gate, broken)
      yield* Fiber.join(calls)
      yield* waits(breaker, 9)
      yield* succeed(breaker)
      assert.strictEqual(yield* tag(breaker), "Closed")
    })
  )

  it.effect("ignores the outcome of calls that began before it was reset", () =>
    Effect.gen(function* () {
      const breaker = yield* make({ consecutiveFailures: 1 })
      const call = yield* Effect.forkChild(breaker.guard(key)(Effect.delay(Effect.fail(broken), "1 second")))
      yield* TestClock.adjust("500 millis")
      yield* breaker.reset(key)
      yield* TestClock.adjust("500 millis")
      assert.isTrue(Exit.isFailure(yield* Fiber.await(call)))
      assert.strictEqual(yield* tag(breaker), "Closed")
    })
  )

  it.effect("separates the circuits of keys", () =>
    Effect.gen(function* () {
      const breaker = yield* make()
      yield* fail(breaker, broken, 3)
      assert.strictEqual(yield* succeed(breaker, "other"), "answer")
      assert.strictEqual((yield* rejection(breaker)).key, key)
      assert.deepStrictEqual([...(yield* breaker.states).keys()], [key, "other"])
    })
  )
})

describe("CircuitBreaker.layerOff", () => {
  it.effect("makes every call", () =>
    Effect.gen(function* () {
      const breaker = yield* CircuitBreaker.CircuitBreaker
      yield* fail(breaker, broken, 100)
      yield* Effect.all([breaker.isolate(key), breaker.forceOpen(key), breaker.forceClosed(key), breaker.reset(key)])
      yield* breaker.restore(new Map([[key, { _tag: "Isolated", epoch: 1 }]]))
      assert.strictEqual(yield* succeed(breaker), "answer")
      assert.strictEqual((yield* breaker.states).size, 0)
    }).pipe(Effect.provide(CircuitBreaker.layerOff))
  )
})

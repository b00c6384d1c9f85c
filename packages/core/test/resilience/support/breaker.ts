/**
 * Shared builders for the tests of the circuit breaker.
 */
import { assert } from "@effect/vitest"
import { Duration, Effect, type Exit, Schedule, Scheduler } from "effect"
import { TestClock } from "effect/testing"
import { classes, type KimiError } from "../../../src/errors/KimiError.ts"
import type { CircuitOpenError } from "../../../src/errors/ResilienceErrors.ts"
import * as Backoff from "../../../src/resilience/Backoff.ts"
import * as CircuitBreaker from "../../../src/resilience/CircuitBreaker.ts"

export type Breaker = CircuitBreaker.CircuitBreaker["Service"]

export const key = "moonshot/kimi-k3"

export const broken = new classes.ServerError({ message: "broken" })

/** Opens after three failures, for 10, 20, 40, 60, 60, … seconds; no rates and without jitter. */
export const make = (options: Partial<CircuitBreaker.Options> = {}) =>
  CircuitBreaker.make({
    consecutiveFailures: 3,
    failureRate: undefined,
    openDuration: Backoff.schedule({ baseDelay: Duration.seconds(10), maxDelay: Duration.seconds(60), jitter: "none" }),
    ...options
  })

/** Successive open durations in seconds; the last one repeats. */
export const openTimes = (...seconds: ReadonlyArray<number>) =>
  Schedule.recurs(seconds.length).pipe(
    Schedule.modifyDelay(({ attempt }) => Effect.succeed(Duration.seconds(seconds[attempt - 1] ?? 0)))
  )

export const fail = (breaker: Breaker, error: KimiError = broken, times = 1) =>
  Effect.gen(function* () {
    for (let i = 0; i < times; i++) {
      assert.strictEqual(yield* Effect.flip(breaker.guard(key)(Effect.fail(error))), error)
    }
  })

export const succeed = (breaker: Breaker, of = key) => breaker.guard(of)(Effect.succeed("answer"))

export const tag = (breaker: Breaker, of = key) => Effect.map(breaker.states, (states) => states.get(of)?._tag)

/** The error with which the circuit rejects a call. */
export const rejection = (breaker: Breaker, of = key): Effect.Effect<CircuitOpenError> =>
  Effect.gen(function* () {
    const unmade = Effect.sync(() => assert.fail("the call was made"))
    const error = yield* Effect.flip(breaker.guard(of)(unmade))
    assert.strictEqual(error._tag, "CircuitOpenError")
    return error
  })

/** Asserts that the circuit is open for exactly this time, and makes it half-open. */
export const waits = (breaker: Breaker, seconds: number) =>
  Effect.gen(function* () {
    assert.deepStrictEqual((yield* rejection(breaker)).retryAfter, Duration.seconds(seconds))
    yield* TestClock.adjust(Duration.millis(seconds * 1_000 - 1))
    assert.deepStrictEqual((yield* rejection(breaker)).retryAfter, Duration.millis(1))
    yield* TestClock.adjust(Duration.millis(1))
  })

/** Yields after every few steps, so that it can be interrupted in between; with fewer it would make no progress. */
export const stepwise = Effect.provideService(Scheduler.MaxOpsBeforeYield, 4)

export const errorOf = (exit: Exit.Exit<unknown, KimiError>): KimiError | undefined =>
  exit._tag === "Failure" ? exit.cause.reasons.find((reason) => reason._tag === "Fail")?.error : undefined

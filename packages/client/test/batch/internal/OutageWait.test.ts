import { assert, describe, it } from "@effect/vitest"
import type { FailedAttempt } from "@kimi-effect/core/FailedAttempt"
import * as MonotonicClock from "@kimi-effect/core/internal/MonotonicClock"
import { CircuitOpenError } from "@kimi-effect/core/ResilienceErrors"
import { Clock, Duration, Effect } from "effect"
import { OutageWait } from "../../../src/batch/internal/OutageWait.ts"
import { Tally } from "../../../src/batch/internal/Tally.ts"
import { passing } from "../../support/batch.ts"
import { responseOf } from "../../support/responses.ts"

const attempt: FailedAttempt = { tag: "CircuitOpenError", startedAt: 0, duration: 0, delay: 0, isPossiblyBilled: false }

const refusal = (retryAfter: Duration.Input, attempts: ReadonlyArray<FailedAttempt> = []) =>
  new CircuitOpenError({
    message: "open",
    key: "custom/kimi-k3",
    state: "open",
    retryAfter: Duration.fromInputUnsafe(retryAfter),
    ...(attempts.length === 0 ? {} : { attempts })
  })

/** The times in milliseconds at which a row calls, of which the last one is answered. */
const callsOf = (first: CircuitOpenError, further: ReadonlyArray<CircuitOpenError> = []) =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const start = MonotonicClock.millisUnsafe(clock)
    const limits = {
      errorRate: undefined,
      minRows: 1,
      cost: undefined,
      errorTags: new Set<string>(),
      leavesStopping: false
    }
    const waits = new OutageWait(600_000, clock, new Tally(limits, start, undefined))
    const calls: Array<number> = []
    yield* passing(
      waits.call(first, () =>
        Effect.suspend(() => {
          const error = further[calls.length]
          calls.push(MonotonicClock.millisUnsafe(clock) - start)
          return error === undefined ? Effect.succeed(responseOf()) : Effect.fail(error)
        })
      )
    )
    return calls
  })

describe("OutageWait", () => {
  it.effect("waits for as long as the circuit stays open", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* callsOf(refusal("30 seconds"), [refusal("5 seconds")]), [30_000, 35_000])
    })
  )

  it.effect("does not wait for the last one of several circuits", () =>
    Effect.gen(function* () {
      const [first = Infinity] = yield* callsOf(refusal("1 minute", [attempt, attempt]))
      assert.isAtMost(first, 100)
    })
  )

  it.effect("waits before each call if the circuit would permit it by now", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* callsOf(refusal(0), [refusal(0)]), [100, 200])
    })
  )
})

import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { TestClock } from "effect/testing"
import * as CallOptions from "../../../../src/CallOptions.ts"
import { classes } from "../../../../src/errors/KimiError.ts"
import * as AdmissionCheck from "../../../../src/observability/internal/health/AdmissionCheck.ts"
import * as Admission from "../../../../src/resilience/Admission.ts"
import { account, ask, refusal, type Service, start } from "../../../resilience/support/admission.ts"

const check = ({ states }: Service) => AdmissionCheck.make({ account, role: "required", states, warning: 0.8 }).check

/** Queues calls of one priority. */
const wait = (admission: Service, priority: CallOptions.Priority, calls: number) =>
  Effect.forEach(
    Array.from({ length: calls }),
    () => start(CallOptions.provide({ priority })(admission.guard(ask())(Effect.never))),
    { discard: true }
  )

describe("the admission check", () => {
  it.effect("is healthy without a call", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { concurrency: 1 }, maxQueue: 10 })
      assert.deepInclude(yield* check(admission), { status: "healthy", code: "Ok" })
    })
  )

  it.effect("is healthy while calls can be queued", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { concurrency: 1 }, maxQueue: 10 })
      yield* wait(admission, "batch", 8)
      assert.deepInclude(yield* check(admission), {
        status: "healthy",
        details: { inFlight: 1, waiting: 7, maxQueue: 10, interactive: 0, batch: 7, swarm: 0 }
      })
    })
  )

  it.effect("is degraded when a queue is nearly full", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { concurrency: 1 }, maxQueue: 10 })
      yield* wait(admission, "batch", 9)
      assert.deepInclude(yield* check(admission), { status: "degraded", code: "QueueNearlyFull" })
      yield* wait(admission, "batch", 2)
      assert.deepInclude(yield* check(admission), { status: "degraded", code: "QueueNearlyFull" })
    })
  )

  it.effect("is unhealthy when the queues of all priorities are full", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { concurrency: 1 }, maxQueue: 2 })
      yield* wait(admission, "interactive", 3)
      yield* wait(admission, "batch", 2)
      yield* wait(admission, "swarm", 1)
      assert.strictEqual((yield* check(admission)).code, "QueueNearlyFull")
      yield* wait(admission, "swarm", 1)
      assert.deepInclude(yield* check(admission), { status: "unhealthy", code: "QueueFull" })
    })
  )

  it.effect("is degraded during a long pause of the host", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { requestsPerMinute: 1_000 } })
      const refuse = (seconds: number) =>
        Effect.andThen(
          Effect.yieldNow,
          new classes.RateLimitError({
            message: "later",
            kind: "requests per minute",
            retryAfter: Duration.seconds(seconds)
          })
        )
      // The account pauses after four refusals in a row.
      const pause = (seconds: number) =>
        Effect.forEach([1, 2, 3, 4], () => refusal(admission, 0, refuse(seconds)), { concurrency: "unbounded" })
      yield* pause(30)
      assert.strictEqual((yield* check(admission)).code, "Ok")
      yield* TestClock.adjust("1 minute")
      yield* pause(100)
      assert.deepInclude(yield* check(admission), { status: "degraded", code: "Paused" })
      yield* TestClock.adjust("40 seconds")
      assert.strictEqual((yield* check(admission)).code, "Ok")
    })
  )
})

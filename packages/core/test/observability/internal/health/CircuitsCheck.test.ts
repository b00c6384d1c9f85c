import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as CircuitsCheck from "../../../../src/observability/internal/health/CircuitsCheck.ts"
import { type Breaker, fail, key, make, succeed } from "../../../resilience/support/breaker.ts"

const check = (
  breaker: Breaker,
  account = "moonshot",
  accounts: ReadonlyArray<string> = ["moonshot", "moonshot/second"]
) => CircuitsCheck.make({ account, accounts, role: "required", states: breaker.states }).check

describe("the circuits check", () => {
  it.effect("is healthy without circuits", () =>
    Effect.gen(function* () {
      assert.deepInclude(yield* check(yield* make()), { status: "healthy", code: "Ok" })
    })
  )

  it.effect("is healthy with closed circuits", () =>
    Effect.gen(function* () {
      const breaker = yield* make()
      yield* succeed(breaker)
      yield* breaker.forceClosed("moonshot/forced")
      assert.deepInclude(yield* check(breaker), {
        status: "healthy",
        details: { closed: 2, open: 0, isolated: 0, probing: 0 }
      })
    })
  )

  it.effect("is degraded when some circuits are open", () =>
    Effect.gen(function* () {
      const breaker = yield* make()
      yield* succeed(breaker, "moonshot/other")
      yield* fail(breaker, undefined, 3)
      assert.deepInclude(yield* check(breaker), {
        status: "degraded",
        code: "SomeOpen",
        details: { closed: 1, open: 1, isolated: 0, probing: 0 }
      })
    })
  )

  it.effect("is unhealthy when all circuits are open or isolated", () =>
    Effect.gen(function* () {
      const breaker = yield* make()
      yield* fail(breaker, undefined, 3)
      yield* breaker.isolate("moonshot/other")
      assert.deepInclude(yield* check(breaker), {
        status: "unhealthy",
        code: "AllOpen",
        details: { closed: 0, open: 1, isolated: 1, probing: 0 }
      })
    })
  )

  it.effect("is degraded when the open duration is over, even without a call", () =>
    Effect.gen(function* () {
      const breaker = yield* make()
      yield* fail(breaker, undefined, 3)
      yield* TestClock.adjust("9999 millis")
      assert.strictEqual((yield* check(breaker)).code, "AllOpen")
      yield* TestClock.adjust("1 millis")
      assert.deepInclude(yield* check(breaker), { status: "degraded", code: "Probing" })
      yield* succeed(breaker)
      assert.strictEqual((yield* check(breaker)).status, "healthy")
    })
  )

  it.effect("is degraded while a probe runs", () =>
    Effect.gen(function* () {
      const breaker = yield* make()
      yield* fail(breaker, undefined, 3)
      yield* TestClock.adjust("10 seconds")
      yield* Effect.forkChild(breaker.guard(key)(Effect.never), { startImmediately: true })
      assert.strictEqual((yield* breaker.states).get(key)?._tag, "HalfOpen")
      assert.deepInclude(yield* check(breaker), { status: "degraded", code: "Probing" })
    })
  )

  it.effect("covers the circuits of its account only", () =>
    Effect.gen(function* () {
      const breaker = yield* make()
      yield* succeed(breaker, "moonshot/kimi-k3")
      yield* breaker.isolate("moonshot/second/kimi-k3")
      yield* breaker.isolate("moonshot-2/kimi-k3")
      assert.strictEqual((yield* check(breaker)).code, "Ok")
      assert.strictEqual((yield* check(breaker, "moonshot/second")).code, "AllOpen")
      assert.strictEqual((yield* check(breaker, "moonshot", ["moonshot"])).code, "SomeOpen")
    })
  )
})

import { assert, describe, it } from "@effect/vitest"
import { Context, DateTime, Deferred, Effect, Fiber, Layer, Logger, Option, Tracer } from "effect"
import { TestClock } from "effect/testing"
import * as CallOptions from "../../src/CallOptions.ts"
import * as Health from "../../src/observability/Health.ts"
import { component, ill, poor, well } from "./support/health.ts"

const quiet = Effect.provide(Logger.layer([]))

const make = (checks: ReadonlyArray<Health.HealthCheck>, options?: Health.Options) =>
  quiet(Effect.map(Health.make(checks, options), ({ report }) => report))

describe("a health report", () => {
  it.effect("has every component in order below the overall status", () =>
    Effect.gen(function* () {
      const report = yield* make([
        component({ name: "first", check: Effect.succeed(poor) }),
        component({ name: "second", account: "a" }),
        component({ name: "second", account: "b" })
      ])
      const { checkedAt, components, status } = yield* report
      assert.strictEqual(status, "degraded")
      assert.strictEqual(DateTime.toEpochMillis(checkedAt), 0)
      assert.deepStrictEqual(
        components.map(({ account, name, status }) => [name, account, status]),
        [
          ["first", undefined, "degraded"],
          ["second", "a", "healthy"],
          ["second", "b", "healthy"]
        ]
      )
    })
  )

  it.effect("replaces a check by a later one of the same name for the same account", () =>
    Effect.gen(function* () {
      const replaced = component({ name: "config" })
      const report = yield* make([
        replaced,
        component({ name: "config", account: "a" }),
        component({ name: "other" }),
        component({ name: "config", check: Effect.succeed(ill) })
      ])
      const { components } = yield* report
      assert.deepStrictEqual(
        components.map(({ code, name }) => `${name} ${code}`),
        ["config Ill", "config Ok", "other Ok"]
      )
      assert.strictEqual(replaced.runs(), 0)
    })
  )

  it.effect("runs checks concurrently, up to their timeout", () =>
    Effect.gen(function* () {
      const slow = (millis: number) => Effect.as(Effect.sleep(millis), well)
      const report = yield* make(
        [
          component({ check: slow(300) }),
          component({ name: "b", check: slow(400) }),
          component({ name: "c", check: Effect.never })
        ],
        { timeout: "1 second" }
      )
      const fiber = yield* Effect.forkChild(report)
      yield* TestClock.adjust("999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      const { components } = yield* Fiber.join(fiber)
      assert.deepStrictEqual(
        components.map(({ code, latencyMillis }) => [code, latencyMillis]),
        [
          ["Ok", 300],
          ["Ok", 400],
          ["Timeout", 1_000]
        ]
      )
    })
  )

  it.effect("is cached for its time to live", () =>
    Effect.gen(function* () {
      const part = component({ check: Effect.succeed(ill) })
      const report = yield* make([part], { timeToLive: "10 seconds" })
      const first = yield* report
      yield* TestClock.adjust("9999 millis")
      part.next = Effect.succeed(well)
      assert.strictEqual(yield* report, first)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* report).status, "healthy")
      assert.strictEqual(part.runs(), 2)
    })
  )

  it.effect("is cached from its completion", () =>
    Effect.gen(function* () {
      const part = component({ check: Effect.as(Effect.sleep("4 seconds"), well) })
      const report = yield* make([part], { timeToLive: "3 seconds" })
      const fiber = yield* Effect.forkChild(report)
      yield* TestClock.adjust("4 seconds")
      yield* Fiber.join(fiber)
      yield* TestClock.adjust("2999 millis")
      yield* report
      assert.strictEqual(part.runs(), 1)
    })
  )
})

describe("concurrent requests for a report", () => {
  it.effect("share one report", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const part = component({ check: Effect.as(Deferred.await(gate), well) })
      const report = yield* make([part])
      const fibers = yield* Effect.forEach(Array.from({ length: 50 }), () => Effect.forkChild(report))
      yield* Effect.yieldNow
      yield* Deferred.succeed(gate, undefined)
      const reports = yield* Effect.forEach(fibers, Fiber.join)
      assert.strictEqual(new Set(reports).size, 1)
      assert.strictEqual(part.runs(), 1)
    })
  )

  it.effect("do not end the report when they are interrupted", () =>
    Effect.gen(function* () {
      const part = component({ check: Effect.as(Effect.sleep("3 seconds"), well) })
      const report = yield* make([part])
      const [first, ...others] = yield* Effect.forEach(Array.from({ length: 3 }), () => Effect.forkChild(report))
      yield* TestClock.adjust("1 second")
      if (first !== undefined) yield* Fiber.interrupt(first)
      yield* Effect.forEach(others, Fiber.interrupt)
      assert.strictEqual(part.interrupted(), 0)
      const late = yield* Effect.forkChild(report)
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* Fiber.join(late)).status, "healthy")
      assert.strictEqual(part.runs(), 1)
    })
  )

  it.effect("get a report although each of them times out before a check ends", () =>
    Effect.gen(function* () {
      const part = component({ check: Effect.never })
      const report = yield* make([part], { timeout: "5 seconds", timeToLive: "1 minute" })
      for (let asked = 0; asked < 5; asked++) {
        const fiber = yield* Effect.forkChild(Effect.timeoutOption(report, "1 second"))
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(fiber)
      }
      const found = yield* Effect.timeoutOption(report, "1 second")
      assert.strictEqual(Option.getOrThrow(found).components[0]?.code, "Timeout")
      assert.strictEqual(part.runs(), 1)
    })
  )
})

describe("a check", () => {
  it.effect("has neither the call options nor the span of the caller", () =>
    Effect.gen(function* () {
      let seen: unknown
      const check = Effect.gen(function* () {
        const { tenant } = yield* CallOptions.CallOptions
        seen = [tenant, yield* Effect.serviceOption(Tracer.ParentSpan)]
        return well
      })
      const report = yield* Effect.withSpan(make([component({ check: check })]), "where the client was built")
      yield* Effect.withSpan(CallOptions.provide({ tenant: "acme" })(report), "caller")
      assert.deepStrictEqual(seen, ["", Option.none()])
    })
  )
})

describe("Health.layer", () => {
  it.effect("provides the health of the given checks", () =>
    Effect.gen(function* () {
      const context = yield* Layer.build(Health.layer([component({ role: "required", check: Effect.succeed(ill) })]))
      assert.strictEqual((yield* quiet(Context.get(context, Health.Health).report)).status, "unhealthy")
    }).pipe(quiet)
  )
})

import { assert, describe, it } from "@effect/vitest"
import { Data, Effect, Fiber, Metric } from "effect"
import { TestClock } from "effect/testing"
import { jumps, withWallClock } from "../../../../test/support/wallClock.ts"
import * as Measured from "../../src/observability/Measured.ts"

class HttpError extends Data.TaggedError("HttpError")<{ readonly status: number }> {}

/** Runs an effect with a separate registry, and returns its metrics by name and outcome. */
const metricsOf = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const registry: Metric.MetricRegistry = new Map()
    const fiber = yield* Effect.forkChild(
      Effect.exit(effect).pipe(Effect.andThen(Metric.snapshot), Effect.provideService(Metric.MetricRegistry, registry))
    )
    yield* TestClock.adjust("1 hour")
    const metrics = yield* Fiber.join(fiber)
    return new Map(metrics.map((metric) => [`${metric.id} ${metric.attributes?.["outcome"]}`, metric]))
  })

/** The metric of a name and outcome, which must be there. */
const found =
  (metrics: ReadonlyMap<string, Metric.Metric.Snapshot>) =>
  (name: string): Metric.Metric.Snapshot =>
    metrics.get(name) ?? assert.fail(`no ${name} among ${[...metrics.keys()].join(", ")}`)

describe("measured", () => {
  it.effect("records the duration of an effect in seconds", () =>
    Effect.gen(function* () {
      const metrics = found(yield* metricsOf(Measured.measured("forecast")(Effect.sleep("1500 millis"))))
      const duration = metrics("forecast.duration ok")
      assert.strictEqual(duration.type, "Histogram")
      assert.deepInclude(duration.state, { count: 1, sum: 1.5 })
      assert.deepInclude(duration.attributes, { unit: "s" })
    })
  )

  for (const [name, jump] of jumps) {
    it.effect(`records the duration of an effect when the clock is set ${name}`, () =>
      withWallClock((set) =>
        Effect.gen(function* () {
          const work = Effect.andThen(
            Effect.sync(() => set(jump)),
            Effect.sleep("1500 millis")
          )
          const metrics = found(yield* metricsOf(Measured.measured("forecast")(work)))
          assert.deepInclude(metrics("forecast.duration ok").state, { sum: 1.5 })
        })
      )
    )
  }

  it.effect("counts an effect by its outcome", () =>
    Effect.gen(function* () {
      const measure = Measured.measured("forecast")
      const metrics = found(
        yield* metricsOf(
          Effect.forEach(
            [Effect.void, Effect.void, Effect.fail(new HttpError({ status: 500 })), Effect.fail("text"), Effect.die(1)],
            (effect: Effect.Effect<void, HttpError | string>) => Effect.exit(measure(effect))
          )
        )
      )
      assert.deepInclude(metrics("forecast.count ok").state, { count: 2 })
      assert.deepInclude(metrics("forecast.count HttpError").state, { count: 1 })
      assert.deepInclude(metrics("forecast.count error").state, { count: 1 })
      assert.deepInclude(metrics("forecast.count defect").state, { count: 1 })
    })
  )

  it.effect("counts an interrupted effect", () =>
    Effect.gen(function* () {
      const effect = Measured.measured("forecast")(Effect.interrupt)
      assert.isTrue((yield* metricsOf(effect)).has("forecast.count interrupted"))
    })
  )

  it.effect("has the labels that it is given", () =>
    Effect.gen(function* () {
      const measure = Measured.measured("forecast", {
        attributes: { region: "eu" },
        outcomeOf: ({ status }: HttpError) => `${status}`
      })
      const metrics = found(yield* metricsOf(measure(Effect.fail(new HttpError({ status: 503 })))))
      assert.deepInclude(metrics("forecast.count 503").attributes, { region: "eu" })
    })
  )

  it.effect("bounds the number of its outcomes", () =>
    Effect.gen(function* () {
      const measure = Measured.measured("forecast", { outcomeOf: (text: string) => text })
      const failures = Array.from({ length: 150 }, (_, index) => Effect.exit(measure(Effect.fail(`${index}`))))
      const metrics = yield* metricsOf(Effect.all(failures))
      assert.strictEqual([...metrics.keys()].filter((name) => name.startsWith("forecast.count")).length, 101)
      assert.deepInclude(found(metrics)("forecast.count other").state, { count: 50 })
    })
  )

  it.effect("leaves the result of an effect as it is", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* Measured.measured("forecast")(Effect.succeed("result")), "result")
    })
  )
})

import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Layer } from "effect"
import type * as Scope from "effect/Scope"
import type { ConfigurationError } from "../../src/errors/ConfigurationErrors.ts"
import * as Redis from "../../src/Redis.ts"
import * as CircuitBreaker from "../../src/resilience/CircuitBreaker.ts"
import { key, succeed } from "./support/breaker.ts"

const { infinity, millis, zero } = Duration

const namesOf = <A>(made: Effect.Effect<A, ConfigurationError, Scope.Scope>) =>
  Effect.map(Effect.flip(Effect.scoped(made)), (error) => error.issues.map(({ name }) => name))

const unusable: ReadonlyArray<readonly [name: string, options: Partial<CircuitBreaker.Options>]> = [
  ...[0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY].flatMap(
    (number): ReadonlyArray<readonly [string, Partial<CircuitBreaker.Options>]> => [
      ["consecutiveFailures", { consecutiveFailures: number }],
      ["minimumCalls", { minimumCalls: number }],
      ["halfOpenPermits", { halfOpenPermits: number }],
      ["halfOpenSuccesses", { halfOpenSuccesses: number }],
      ["window.size", { failureRate: undefined, window: { _tag: "Count", size: number } }]
    ]
  ),
  ...[0, -0.1, 1.1, Number.NaN].flatMap((rate): ReadonlyArray<readonly [string, Partial<CircuitBreaker.Options>]> => [
    ["failureRate", { failureRate: rate }],
    ["slowRate", { slowRate: rate }]
  ]),
  ...[0, -1, Number.NaN, Number.POSITIVE_INFINITY].map(
    (millis) => ["window.millis", { window: { _tag: "Time", millis } }] as const
  ),
  ["minimumCalls", { window: { _tag: "Count", size: 9 }, minimumCalls: 10 }],
  ["minimumCalls", { window: { _tag: "Count", size: 9 }, minimumCalls: 10, failureRate: undefined, slowRate: 0.5 }],
  ["slowAfter", { slowAfter: zero }],
  ["maxOpenDuration", { maxOpenDuration: zero }],
  ["maxOpenDuration", { maxOpenDuration: infinity }],
  ["openDuration", { openDuration: zero }],
  ["openDuration", { openDuration: infinity }],
  ["probeTimeout", { probeTimeout: zero }],
  ["probeTimeout", { probeTimeout: infinity }]
]

const usable: ReadonlyArray<Partial<CircuitBreaker.Options>> = [
  {},
  CircuitBreaker.defaults,
  { consecutiveFailures: undefined, failureRate: undefined },
  { consecutiveFailures: 1, failureRate: 1, slowRate: 1e-9, minimumCalls: 1 },
  { window: { _tag: "Count", size: 10 }, minimumCalls: 10 },
  // Without a rate nothing is counted.
  { window: { _tag: "Count", size: 1 }, failureRate: undefined },
  // More successes than permits: the probes go one after the other.
  { halfOpenPermits: 1, halfOpenSuccesses: 5 },
  { slowAfter: infinity, maxOpenDuration: millis(1), probeTimeout: millis(1) },
  { slowAfter: "1 minute", openDuration: "30 seconds", maxOpenDuration: 60_000, probeTimeout: "10 seconds" }
]

describe("CircuitBreaker.make and layer", () => {
  it.effect("cannot fail without options", () =>
    Effect.gen(function* () {
      const made: Effect.Effect<CircuitBreaker.CircuitBreaker["Service"]> = CircuitBreaker.make()
      assert.strictEqual(yield* succeed(yield* made), "answer")
      const layer: Layer.Layer<CircuitBreaker.CircuitBreaker> = CircuitBreaker.layer()
      const breaker = Context.get(yield* Layer.build(layer), CircuitBreaker.CircuitBreaker)
      assert.strictEqual(yield* succeed(breaker), "answer")
    })
  )

  it.effect("accept valid options", () =>
    Effect.gen(function* () {
      for (const options of usable) {
        assert.strictEqual(yield* succeed(yield* CircuitBreaker.make(options)), "answer")
        yield* Layer.build(CircuitBreaker.layer(options))
      }
    })
  )

  it.effect("name an invalid option", () =>
    Effect.gen(function* () {
      for (const [name, options] of unusable) {
        assert.deepStrictEqual(yield* namesOf(CircuitBreaker.make(options)), [`CircuitBreaker ${name}`])
        assert.deepStrictEqual(yield* namesOf(Layer.build(CircuitBreaker.layer(options))), [`CircuitBreaker ${name}`])
      }
    })
  )

  it.effect("name all invalid options with their expected forms", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        CircuitBreaker.make({ failureRate: 31, halfOpenPermits: 0, window: { _tag: "Count", size: -7 } })
      )
      assert.strictEqual(
        error.message,
        [
          "Invalid configuration:",
          "  CircuitBreaker failureRate: expected a number over 0 and up to 1",
          "  CircuitBreaker window.size: expected a finite whole number over zero",
          "  CircuitBreaker halfOpenPermits: expected a finite whole number over zero"
        ].join("\n")
      )
    })
  )
})

const rate = { _tag: "Rate", threshold: 0.5, minimumCalls: 10, size: 20 } as const

const unusableShared: ReadonlyArray<readonly [name: string, options: Partial<CircuitBreaker.RedisOptions>]> = [
  ["tripPolicy.failures", { tripPolicy: { _tag: "Consecutive", failures: 0 } }],
  ["tripPolicy.threshold", { tripPolicy: { ...rate, threshold: 0 } }],
  ["tripPolicy.threshold", { tripPolicy: { ...rate, threshold: 1.01 } }],
  ["tripPolicy.minimumCalls", { tripPolicy: { ...rate, minimumCalls: 0 } }],
  ["tripPolicy.minimumCalls", { tripPolicy: { ...rate, minimumCalls: 21 } }],
  ["tripPolicy.size", { tripPolicy: { ...rate, size: 20.5 } }],
  ["slowAfter", { slowAfter: zero }],
  ["openDuration", { openDuration: zero }],
  ["maxOpenDuration", { maxOpenDuration: infinity }],
  ["keyPrefix", { keyPrefix: "a{b}" }],
  ["probeLease", { probeLease: zero }],
  ["idleTimeToLive", { idleTimeToLive: infinity }],
  ["timeout", { timeout: infinity }],
  ["cooldown", { cooldown: zero }]
]

describe("CircuitBreaker.layerRedis", () => {
  const unavailable = Effect.fail(Redis.fromCause("EVALSHA", new Error("unavailable")))
  const noRedis = Layer.effect(Redis.Redis, Redis.make({ send: () => unavailable }))

  it.effect("names an invalid option", () =>
    Effect.gen(function* () {
      for (const [name, options] of unusableShared) {
        const layer = Layer.provide(CircuitBreaker.layerRedis(options), noRedis)
        assert.deepStrictEqual(yield* namesOf(Layer.build(layer)), [`CircuitBreaker ${name}`])
      }
    })
  )

  it.effect("makes calls while Redis is unavailable", () =>
    Effect.gen(function* () {
      const byDefault: Layer.Layer<CircuitBreaker.CircuitBreaker, never, Redis.Redis> = CircuitBreaker.layerRedis()
      const inText = CircuitBreaker.layerRedis({ openDuration: "30 seconds", probeLease: "5 seconds", cooldown: 500 })
      for (const layer of [byDefault, CircuitBreaker.layerRedis({ tripPolicy: rate }), inText]) {
        const services = yield* Layer.build(Layer.provide(layer, noRedis))
        const breaker = Context.get(services, CircuitBreaker.CircuitBreaker)
        yield* breaker.reset(key)
        assert.strictEqual(yield* succeed(breaker), "answer")
      }
    })
  )
})

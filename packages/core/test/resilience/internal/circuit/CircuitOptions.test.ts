import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Random } from "effect"
import { defaults } from "../../../../src/KimiConfig.ts"
import * as CircuitBreaker from "../../../../src/resilience/CircuitBreaker.ts"
import * as CircuitOptions from "../../../../src/resilience/internal/circuit/CircuitOptions.ts"
import * as OpenDuration from "../../../../src/resilience/internal/circuit/OpenDuration.ts"

const described = (options: Partial<CircuitOptions.Options>) =>
  Effect.map(CircuitOptions.resolve(options), CircuitOptions.describeOptions)

const describedShared = (options: Partial<CircuitOptions.RedisOptions>) =>
  Effect.map(CircuitOptions.resolveRedis(options), CircuitOptions.describeRedisOptions)

describe("The options of a configuration", () => {
  it("have what opens a circuit", () => {
    const { consecutiveFailures, failureRate } = CircuitOptions.fromConfig(defaults)
    assert.deepStrictEqual([consecutiveFailures, failureRate], [15, 0.8])
  })

  it("have neither where they are off", () => {
    const config = { ...defaults, breakerFailures: "off", breakerFailureRate: "off" } as const
    const { consecutiveFailures, failureRate } = CircuitOptions.fromConfig(config)
    assert.deepStrictEqual([consecutiveFailures, failureRate], [undefined, undefined])
  })
})

describe("The description of circuits in a process", () => {
  it.effect("names what opens them by default", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* described({}), {
        "opens after": "15 failures in a row",
        "failure rate": "80 % of 20 or more calls in 1m",
        probes: "1 at a time for 30s",
        "closes after": "1 successful",
        "open for": "at most 5m"
      })
    })
  )

  it.effect("names the rate of slow calls among a number of calls", () =>
    Effect.gen(function* () {
      const options = yield* described({
        consecutiveFailures: undefined,
        failureRate: undefined,
        slowRate: 0.55,
        slowAfter: "10 seconds",
        window: { _tag: "Count", size: 50 },
        minimumCalls: 10,
        halfOpenPermits: 2,
        halfOpenSuccesses: 3
      })
      assert.deepStrictEqual(options, {
        "slow rate": "55 % of 10 or more calls in the latest 50 after 10s",
        probes: "2 at a time for 30s",
        "closes after": "3 successful",
        "open for": "at most 5m"
      })
    })
  )
})

describe("The description of shared circuits", () => {
  it.effect("names a row of failures", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* describedShared({}), {
        "opens after": "15 failures in a row",
        probes: "1 at a time, leased for 10s",
        "open for": "at most 5m",
        shared: "on Redis under kimi-effect:circuit:"
      })
    })
  )

  it.effect("names a failure rate", () =>
    Effect.gen(function* () {
      const options = yield* describedShared({
        tripPolicy: { _tag: "Rate", threshold: 0.07, minimumCalls: 10, size: 20 }
      })
      assert.deepStrictEqual(options, {
        "failure rate": "7 % of 10 or more calls in the latest 20",
        probes: "1 at a time, leased for 10s",
        "open for": "at most 5m",
        shared: "on Redis under kimi-effect:circuit:"
      })
    })
  )
})

describe("Shared circuits of a configuration", () => {
  const window = { _tag: "Count", size: 30 } as const

  it("open at its failure rate over a number of calls", () => {
    const config = { ...defaults, breakerWindow: window, breakerFailureRate: 0.4, breakerMinimumCalls: 6 }
    assert.deepStrictEqual(CircuitOptions.redisFromConfig(config).tripPolicy, {
      _tag: "Rate",
      threshold: 0.4,
      minimumCalls: 6,
      size: 30
    })
  })

  it("open after its failures in a row if its window is a span of time", () => {
    const config = { ...defaults, breakerFailures: 4, breakerFailureRate: 0.4 }
    assert.deepStrictEqual(CircuitOptions.redisFromConfig(config).tripPolicy, { _tag: "Consecutive", failures: 4 })
  })

  it("open after its failures in a row if its failure rate is off", () => {
    const config = { ...defaults, breakerFailures: 4, breakerWindow: window, breakerFailureRate: "off" as const }
    assert.deepStrictEqual(CircuitOptions.redisFromConfig(config).tripPolicy, { _tag: "Consecutive", failures: 4 })
  })

  it("practically never open if both are off", () => {
    const config = { ...defaults, breakerFailures: "off" as const, breakerFailureRate: "off" as const }
    assert.deepStrictEqual(CircuitOptions.redisFromConfig(config).tripPolicy, {
      _tag: "Consecutive",
      failures: Number.MAX_SAFE_INTEGER
    })
  })
})

describe("Circuits of a configuration", () => {
  const config = {
    ...defaults,
    breakerSlowAfter: Duration.seconds(7),
    breakerMaxOpenDuration: Duration.minutes(9),
    redisKeyPrefix: "app:"
  }

  it("have its time for slow calls, its longest open duration", () => {
    const expected = { slowAfter: Duration.seconds(7), maxOpenDuration: Duration.minutes(9) }
    assert.deepInclude(CircuitOptions.fromConfig(config), expected)
    assert.deepInclude(CircuitOptions.redisFromConfig(config), { ...expected, keyPrefix: "app:circuit:" })
  })

  /** The waits of rejected calls after each of some openings in a row, in seconds; in the middle of the jitter. */
  const openingsOf = (breakerOpenDuration: Duration.Duration, count: number) =>
    Effect.gen(function* () {
      const openMillis = OpenDuration.make(
        CircuitOptions.fromConfig({ ...config, breakerOpenDuration }),
        yield* Clock.Clock
      )
      return yield* Effect.forEach(Array.from({ length: count }), (_, index) =>
        Effect.map(openMillis(index + 1), (millis) => millis / 1_000)
      )
    }).pipe(Effect.provideService(Random.Random, { nextDoubleUnsafe: () => 0.5, nextIntUnsafe: () => 0 }))

  it.effect("open for twice as long each time up to a minute", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* openingsOf(Duration.seconds(10), 5), [7.5, 15, 30, 45, 45])
    })
  )

  it.effect("open for the same time if that is over a minute", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* openingsOf(Duration.minutes(2), 3), [90, 90, 90])
    })
  )
})

describe("The error of invalid options", () => {
  it.effect("describes the expected form of each option of circuits in a process", () =>
    Effect.gen(function* () {
      const zero = Duration.zero
      const error = yield* Effect.flip(
        CircuitBreaker.make({
          slowAfter: zero,
          openDuration: zero,
          window: { _tag: "Time", millis: 0 },
          minimumCalls: 0
        })
      )
      assert.deepStrictEqual(
        error.issues.map(({ expected, name }) => [name, expected]),
        [
          ["CircuitBreaker slowAfter", 'a duration over zero, such as "30 seconds"'],
          ["CircuitBreaker openDuration", 'a finite duration over zero, such as "30 seconds", or a Schedule'],
          ["CircuitBreaker window.millis", "a finite number over zero"],
          ["CircuitBreaker minimumCalls", "a finite whole number over zero"]
        ]
      )
    })
  )

  it.effect("does not compare calls with a window whose size is invalid too", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        CircuitOptions.resolveRedis({ tripPolicy: { _tag: "Rate", threshold: 0.5, minimumCalls: 10, size: 0 } })
      )
      assert.deepStrictEqual(
        error.issues.map(({ name }) => name),
        ["CircuitBreaker tripPolicy.size"]
      )
    })
  )

  it.effect("describes what the minimum of calls has to fit in", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(CircuitBreaker.make({ window: { _tag: "Count", size: 9 }, minimumCalls: 10 }))
      assert.deepStrictEqual(
        error.issues.map(({ expected }) => expected),
        ["at most the size of the window, which otherwise never holds that many calls"]
      )
    })
  )
})

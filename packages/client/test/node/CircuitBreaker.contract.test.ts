import { describe, it } from "@effect/vitest"
import * as CircuitBreaker from "@kimi-effect/core/CircuitBreaker"
import * as Redis from "@kimi-effect/core/Redis"
import { CircuitBreakerContract } from "@kimi-effect/testing/contract"
import { Duration, Effect, Layer, Schedule } from "effect"
import { connect, reachable, ownPrefix } from "./support/redis.ts"

describe("circuits in memory", () => {
  CircuitBreakerContract.suite(it, ({ failures, openDuration }) =>
    CircuitBreaker.layerMemory({ consecutiveFailures: failures, openDuration: Schedule.spaced(openDuration) })
  )
})

describe.skipIf(!reachable)("circuits in Redis", () => {
  // Circuits open and close by the clock of Redis.
  CircuitBreakerContract.suite(
    it,
    ({ failures, openDuration }) =>
      Layer.unwrap(
        Effect.map(ownPrefix, (keyPrefix) =>
          CircuitBreaker.layerRedis({
            tripPolicy: { _tag: "Consecutive", failures },
            openDuration: Schedule.spaced(openDuration),
            keyPrefix,
            // They are deleted soon after the test.
            idleTimeToLive: Duration.minutes(10),
            // A busy machine is no outage.
            timeout: Duration.seconds(10)
          })
        )
      ).pipe(Layer.provide(Layer.effect(Redis.Redis, connect()))),
    { clock: "Server" }
  )
})

describe("circuits that are off", () => {
  CircuitBreakerContract.suiteOff(it, CircuitBreaker.layerOff)
})

import { describe } from "@effect/vitest"
import * as CircuitBreaker from "@kimi-effect/core/CircuitBreaker"
import { Effect, Layer } from "effect"
import * as CircuitBreakerContract from "../../src/contract/CircuitBreakerContract.ts"
import { make } from "./faulty/circuits.ts"
import { makeOff } from "./faulty/circuitsOff.ts"
import { testContract } from "./support/faults.ts"

describe("CircuitBreakerContract.suite", () => {
  testContract((it, broken) =>
    CircuitBreakerContract.suite(it, (settings) => Layer.effect(CircuitBreaker.CircuitBreaker, make(settings, broken)))
  )
})

describe("CircuitBreakerContract.suiteOff", () => {
  testContract((it, broken) =>
    CircuitBreakerContract.suiteOff(
      it,
      Layer.effect(CircuitBreaker.CircuitBreaker, Effect.map(CircuitBreaker.CircuitBreaker, makeOff(broken))).pipe(
        Layer.provide(CircuitBreaker.layerOff)
      )
    )
  )
})

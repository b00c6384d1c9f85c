/** Circuits with a bug. */
import * as CircuitBreaker from "@kimi-effect/core/CircuitBreaker"
import { Effect, Layer } from "effect"
import type { Subject } from "../../../src/ScheduleSearch.ts"

/** A half-open circuit permits every call. */
export const doubleProbe: Subject = {
  services: () =>
    Layer.effect(
      CircuitBreaker.CircuitBreaker,
      Effect.map(CircuitBreaker.CircuitBreaker, (circuits) => ({
        ...circuits,
        acquire: (key) =>
          Effect.catch(circuits.acquire(key), (error) =>
            error.state === "half-open" ? Effect.succeed({ record: () => Effect.void }) : Effect.fail(error)
          )
      }))
    )
}

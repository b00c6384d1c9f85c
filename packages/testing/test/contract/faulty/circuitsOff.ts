/** Circuits that are off but for one law: `broken` names it. */
import type { CircuitBreaker } from "@kimi-effect/core/CircuitBreaker"
import { CircuitOpenError } from "@kimi-effect/core/ResilienceErrors"
import { Effect } from "effect"

type Circuits = CircuitBreaker["Service"]

const copyOf = <E>(error: E): E => ({ ...Object(error) })

export const makeOff =
  (broken?: string) =>
  (circuits: Circuits): Circuits => {
    let failed = 0
    let isIsolated = false
    const breaks = (law: string) => law === broken
    const rejection = (key: string) => new CircuitOpenError({ message: "open", key, state: "open" })
    const rejects = () =>
      (breaks("permits every call after any number of failures") && failed >= 15) ||
      (breaks("permits every call of an isolated circuit") && isIsolated)
    return {
      ...circuits,
      isolate: () => Effect.sync(() => void (isIsolated = true)),
      guard: (key) => (attempt) =>
        Effect.andThen(
          Effect.suspend(() => (rejects() ? Effect.fail(rejection(key)) : Effect.void)),
          Effect.mapError(attempt, (error) => {
            failed += 1
            return breaks("passes on the result of an attempt") ? copyOf(error) : error
          })
        ),
      watch: (key) => () =>
        breaks("permits a watched call after any number of failures") && failed >= 15 ? rejection(key) : undefined
    }
  }

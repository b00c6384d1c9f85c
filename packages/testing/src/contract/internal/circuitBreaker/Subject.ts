/** The circuits under test, and calls through them. */
import type { CircuitBreaker } from "@kimi-effect/core/CircuitBreaker"
import { ServerError } from "@kimi-effect/core/ProviderErrors"
import type { CircuitOpenError } from "@kimi-effect/core/ResilienceErrors"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { failureOf } from "../expect.ts"

export type Circuits = CircuitBreaker["Service"]

type Test = (circuits: Circuits) => Effect.Effect<void, unknown, Scope.Scope>

export interface Subject {
  /** Registers a test of new circuits, which open after three failures for `openDuration`. */
  readonly test: (name: string, test: Test) => void
  /** Registers a test of new circuits of which that of `key` has been open for its open duration. */
  readonly testHalfOpen: (name: string, test: Test) => void
  /** Advances the clock of the circuits. */
  readonly sleep: (millis: number) => Effect.Effect<void>
  /** Whether the clock of the circuits is exact. */
  readonly isExact: boolean
}

export const key = "moonshot/kimi-k3"
export const otherKey = "moonshot/kimi-k2.6"
export const failures = 3
/** Of circuits that have to stay open for the time of a test. */
export const openDuration = Duration.minutes(2)

export const broken = new ServerError({ message: "broken" })
/** It asks for a wait in which no other probe is permitted. */
export const brokenForLong = new ServerError({ message: "broken", retryAfter: Duration.minutes(4) })

export const succeed = (circuits: Circuits, of = key) => circuits.guard(of)(Effect.succeed("answer"))

export const fail = (circuits: Circuits, times = 1, error: ServerError = broken) =>
  Effect.repeat(Effect.exit(circuits.guard(key)(Effect.fail(error))), { times: times - 1 })

/** Opens the circuit, also if it takes more failures than it should. */
export const open = (circuits: Circuits, error: ServerError = broken) => fail(circuits, 2 * failures, error)

export const tagOf = (circuits: Circuits, of = key) => Effect.map(circuits.states, (states) => states.get(of)?._tag)

/** The rejection of a call; the test fails if the call is permitted. */
export const rejectionOf = (circuits: Circuits, of = key): Effect.Effect<CircuitOpenError> =>
  failureOf(circuits.guard(of)(Effect.void), "the call was permitted")

/**
 * Shared builders for the tests of admission.
 */
import { assert } from "@effect/vitest"
import { Clock, Effect } from "effect"
import type { KimiError } from "../../../src/errors/KimiError.ts"
import * as Admission from "../../../src/resilience/Admission.ts"
import type { PermitRequest } from "../../../src/resilience/internal/admission/Limiter.ts"
import { makeCounting } from "./counting.ts"

export type Service = Admission.Admission["Service"]

export const account = "moonshot"

export const ask = (tokens = 0, watch?: PermitRequest["watch"]): PermitRequest => ({
  account,
  tokens: () => tokens,
  ...(watch === undefined ? {} : { watch })
})

/** With a clock that counts its sleeping fibers. */
export const makeCounted = Effect.fnUntraced(function* (options: Admission.Options) {
  const counting = yield* makeCounting
  const admission = yield* Effect.provideService(Admission.make(options), Clock.Clock, counting.clock)
  return { admission, timers: counting.asleep, timersBegun: counting.begun }
})

export const stateOf = Effect.fnUntraced(function* (admission: Service) {
  const state = (yield* admission.states).get(account)
  assert.isDefined(state)
  return state
})

/** Asserts that no permit is held or waited for. */
export const isIdle = Effect.fnUntraced(function* (admission: Service) {
  assert.deepInclude(yield* stateOf(admission), { inFlight: 0, waiting: 0 })
})

/** Runs an attempt, and returns the error of a refusal. */
export const refusal = <A>(
  admission: Service,
  tokens = 0,
  attempt: Effect.Effect<A, KimiError> = Effect.die("made")
): Effect.Effect<KimiError, A> => Effect.flip(admission.guard(ask(tokens))(attempt))

export const start = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

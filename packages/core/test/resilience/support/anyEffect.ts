/**
 * Effects of another library, for the combinators that work on any effect.
 */
import { assert } from "@effect/vitest"
import { Data, type Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import type { ConfigurationError } from "../../../src/errors/ConfigurationErrors.ts"

/** An error of another library. */
export class HttpError extends Data.TaggedError("HttpError")<{
  readonly status: number
  readonly wait?: Duration.Input
}> {}

export const unavailable = new HttpError({ status: 503 })

/** An effect that fails with each error in turn and then succeeds, and when each run began. */
export const script = <E>(...errors: ReadonlyArray<E>) => {
  const times: Array<number> = []
  const effect = Effect.gen(function* () {
    times.push(yield* Effect.clockWith((clock) => clock.currentTimeMillis))
    const error = errors[times.length - 1]
    if (error !== undefined) return yield* Effect.fail(error)
    return "result"
  })
  return { effect, times }
}

export const settled = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    yield* TestClock.adjust("1 day")
    return yield* Fiber.await(fiber)
  })

export const failureOf = <A, E>(effect: Effect.Effect<A, E>) => Effect.flip(Effect.flatten(settled(effect)))

export const issuesOf = <A, E extends { readonly _tag: string }>(effect: Effect.Effect<A, E | ConfigurationError>) =>
  Effect.map(Effect.flip(effect), (error) =>
    error instanceof Error && "issues" in error ? error.issues.map(({ name }) => name) : assert.fail(error._tag)
  )

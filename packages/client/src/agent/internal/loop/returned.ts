/** What functions of options return: in programs without types it can be a promise, or nothing. */
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"

/**
 * The effect that a function has returned, or an error for anything else. The
 * runtime would end the fiber for that without its finalizers, and so keep what
 * others wait for.
 */
export const returned = <A, E, R>(
  parameter: string,
  value: Effect.Effect<A, E, R>
): Effect.Effect<A, E | InvalidRequestError, R> => {
  if (Effect.isEffect(value)) return value
  const message = `${parameter} must return an Effect, such as Effect.promise(() => ...) for a promise`
  return Effect.fail(new InvalidRequestError({ message, parameter }))
}

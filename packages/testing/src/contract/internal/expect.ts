/** Assertions that do not depend on a test runner. */
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Formatter from "effect/Formatter"
import * as Result from "effect/Result"

/** Test runners show `expected` and `actual` as a diff. */
class AssertionError extends Error {
  override readonly name = "AssertionError"
  readonly actual: unknown
  readonly expected: unknown

  constructor(message: string, actual: unknown, expected: unknown) {
    super(message)
    this.actual = actual
    this.expected = expected
  }
}

/** Fails the test unless the values are structurally equal. */
export const equal = <A>(actual: A, expected: A, message?: string): void => {
  if (Equal.equals(actual, expected)) return
  const difference = `expected ${Formatter.format(expected)}, got ${Formatter.format(actual)}`
  throw new AssertionError(message === undefined ? difference : `${message}: ${difference}`, actual, expected)
}

/** Fails the test unless the condition holds. */
export const isTrue = (condition: boolean, message: string): void => {
  if (!condition) throw new AssertionError(message, condition, true)
}

/** Fails the test unless the members of a value that are given are equal. */
export const hasMembers = (actual: unknown, expected: { readonly [name: string]: unknown }): void => {
  const members = Object(actual)
  equal(Object.fromEntries(Object.keys(expected).map((name) => [name, members[name]])), expected)
}

/** The error of an effect, which fails the test if it succeeds. */
export const failureOf = <A, E, R>(effect: Effect.Effect<A, E, R>, message: string): Effect.Effect<E, never, R> =>
  Effect.flatMap(Effect.result(effect), (result) =>
    Result.isFailure(result)
      ? Effect.succeed(result.failure)
      : Effect.die(new AssertionError(message, result.success, "a failure"))
  )

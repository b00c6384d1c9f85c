/** Assertions that do not depend on a test runner. */
import * as Equal from "effect/Equal"
import * as Formatter from "effect/Formatter"

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

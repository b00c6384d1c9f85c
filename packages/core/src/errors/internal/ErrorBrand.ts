/** Recognizes the errors of the library without loading their classes. */
import type { KimiError } from "../KimiError.ts"

/** The member of every error of the library. It is the same in all copies of the package. */
export const brand: unique symbol = Symbol.for("@kimi-effect/core/KimiError")

export const isKimiError = <E>(
  value: E
): value is E extends KimiError ? E : KimiError extends E ? E & KimiError : never =>
  typeof value === "object" && value !== null && brand in value

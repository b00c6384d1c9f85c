/**
 * The parts of a test runner that the contracts use. The `it` of
 * `@effect/vitest` has this form.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/**
 * Registers a test. The test fails when its effect does.
 *
 * @category models
 * @since 0.1.0
 */
export type Register = (name: string, test: () => Effect.Effect<void, unknown, Scope.Scope>) => void

/**
 * Registers tests by their clock.
 *
 * @category models
 * @since 0.1.0
 */
export interface It {
  /** Registers a test that runs with a `TestClock`. */
  readonly effect: Register
  /** Registers a test that runs with the clock of the machine. */
  readonly live: Register
}

/**
 * The clock by which a store expires entries and leases: the `Clock` service,
 * which tests replace by a `TestClock`, or the clock of a server.
 *
 * @category models
 * @since 0.1.0
 */
export type StoreClock = "Effect" | "Server"

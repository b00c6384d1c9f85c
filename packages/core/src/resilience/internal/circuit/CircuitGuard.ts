/**
 * Puts attempts behind circuits: asks for a permit, makes the attempt, and
 * tells once how it ended. Where the circuits are kept is not known here.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { KimiError } from "../../../errors/KimiError.ts"
import type { CircuitOpenError } from "../../../errors/ResilienceErrors.ts"
import { isContent } from "../../../models/StreamEvent.ts"
import type * as Circuit from "./Circuit.ts"
import type { Circuits } from "./Circuits.ts"
import { withStreamHooks } from "../../../pipeline/internal/StreamGuard.ts"

/**
 * Where permits come from. Both members run uninterruptibly, so neither may
 * wait without a bound; every permit that was given is settled once.
 *
 * @category models
 * @since 0.1.0
 */
export interface PermitSource<Permit> {
  readonly acquire: (key: string) => Effect.Effect<Permit, CircuitOpenError>
  /** `retryAfter` is what the failure asks for, in milliseconds. */
  readonly record: (permit: Permit, outcome: Circuit.Outcome, retryAfter?: number) => Effect.Effect<void>
}

/**
 * What a cause says of the host, and how many milliseconds it asks to wait.
 * Only a typed failure speaks of the host: interruption and our own defects do
 * not.
 *
 * @category conversions
 * @since 0.1.0
 */
export const classify = <E extends KimiError>(
  cause: Cause.Cause<E>
): readonly [outcome: Circuit.Outcome, retryAfter: number | undefined] => {
  const error = Cause.hasInterrupts(cause) ? undefined : Option.getOrUndefined(Cause.findErrorOption(cause))
  const wait = error?.retryAfter === undefined ? undefined : Duration.toMillis(error.retryAfter)
  return [error?.breaker === "failure" ? "failure" : "ignored", wait]
}

/**
 * The guards in front of a gate. A stream whose first content takes
 * `slowMillis` or longer is slow.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <Permit>(
  { acquire, record }: PermitSource<Permit>,
  clock: Clock.Clock,
  slowMillis: number
): Pick<Circuits, "guard" | "guardStream"> => {
  return {
    guard: (key) => (attempt) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(acquire(key), (permit) =>
          Effect.onExit(restore(attempt), (exit) =>
            Exit.isSuccess(exit) ? record(permit, "success") : record(permit, ...classify(exit.cause))
          )
        )
      ),
    guardStream: (key) =>
      withStreamHooks(() =>
        Effect.map(acquire(key), (permit) => {
          const startedAt = clock.currentTimeMillisUnsafe()
          let firstContent: number | undefined
          return {
            onEvents: (events) => {
              if (firstContent === undefined && events.some(isContent)) firstContent = clock.currentTimeMillisUnsafe()
            },
            onEnd: (exit) => {
              if (Exit.isFailure(exit)) return record(permit, ...classify(exit.cause))
              const isSlow = (firstContent ?? startedAt) - startedAt >= slowMillis
              return record(permit, isSlow ? "slow" : "success")
            }
          }
        })
      )
  }
}

/**
 * Guards attempts with circuits: acquires a permit, makes the attempt, and
 * records once how it ended. It is the same for every store of circuits.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Stream from "effect/Stream"
import type { KimiError } from "../../../errors/KimiError.ts"
import type { CircuitOpenError } from "../../../errors/ResilienceErrors.ts"
import * as MonotonicClock from "../../../internal/MonotonicClock.ts"
import { isContent, type StreamEvent } from "../../../models/StreamEvent.ts"
import { withStreamHooks } from "../../../pipeline/internal/StreamGuard.ts"
import * as ErrorClassifier from "../ErrorClassifier.ts"
import type * as Circuit from "./Circuit.ts"
import type { Circuits, FailureClassifier } from "./Circuits.ts"

/**
 * A source of permits. Both members run uninterruptibly, so neither may wait
 * without a bound; every permit is settled once.
 *
 * @category models
 * @since 0.1.0
 */
export interface PermitSource<Permit> {
  readonly acquire: (key: string) => Effect.Effect<Permit, CircuitOpenError>
  /** `retryAfter` is the wait that the failure requests, in milliseconds. */
  readonly record: (permit: Permit, outcome: Circuit.Outcome, retryAfter?: number) => Effect.Effect<void>
}

/**
 * The outcome of a cause for a circuit, and the wait that it requests, in
 * milliseconds.
 * Only a typed failure counts: interruption and defects do not.
 *
 * @category conversions
 * @since 0.1.0
 */
export const classify = <E>(
  cause: Cause.Cause<E>,
  { isFailure, retryAfter }: FailureClassifier<E>
): readonly [outcome: Circuit.Outcome, retryAfter: number | undefined] => {
  const error = Cause.hasInterrupts(cause) ? Option.none() : Cause.findErrorOption(cause)
  if (Option.isNone(error)) return ["ignored", undefined]
  const wait = retryAfter(error.value)
  return [isFailure(error.value) ? "failure" : "ignored", wait === undefined ? undefined : Duration.toMillis(wait)]
}

/**
 * The guard of effects.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make =
  <Permit>({ acquire, record }: PermitSource<Permit>): Circuits["guard"] =>
  (key, classifier = ErrorClassifier.ofAllErrors) =>
  (attempt) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(acquire(key), (permit) =>
        Effect.onExit(restore(attempt), (exit) =>
          Exit.isSuccess(exit) ? record(permit, "success") : record(permit, ...classify(exit.cause, classifier))
        )
      )
    )

/**
 * The permits of a source, each with the function that records its outcome.
 *
 * @category constructors
 * @since 0.1.0
 */
export const acquirePermit =
  <Permit>({ acquire, record }: PermitSource<Permit>): Circuits["acquire"] =>
  (key) =>
    Effect.map(acquire(key), (permit) => ({
      record: (outcome, retryAfter) => record(permit, outcome, retryAfter)
    }))

/**
 * Guards a stream. Its outcome is how it ends, and it is slow when its first
 * content was late. A consumer that leaves early counts for nothing.
 *
 * @category combinators
 * @since 0.1.0
 */
export const guardStream = (
  { acquire, slowAfter }: Pick<Circuits, "acquire" | "slowAfter">,
  key: string
): (<E extends KimiError, R>(
  stream: Stream.Stream<StreamEvent, E, R>
) => Stream.Stream<StreamEvent, E | CircuitOpenError, R>) =>
  withStreamHooks(() =>
    Effect.flatMap(acquire(key), ({ record }) =>
      Effect.clockWith((clock) => {
        const startedAt = MonotonicClock.millisUnsafe(clock)
        let firstContent: number | undefined
        return Effect.succeed({
          onEvents: (events) => {
            if (firstContent === undefined && events.some(isContent)) firstContent = MonotonicClock.millisUnsafe(clock)
          },
          onEnd: (exit) => {
            if (Exit.isFailure(exit)) return record(...classify(exit.cause, ErrorClassifier.ofKimiErrors))
            const isSlow = (firstContent ?? startedAt) - startedAt >= Duration.toMillis(slowAfter)
            return record(isSlow ? "slow" : "success")
          }
        })
      })
    )
  )

/**
 * Guards attempts with the limits of an account: waits for a permit, makes the
 * attempt, and releases the permit with its outcome. It is the same for every
 * limiter.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Stream from "effect/Stream"
import { isKimiError } from "../../../errors/internal/ErrorBrand.ts"
import type { KimiError } from "../../../errors/KimiError.ts"
import type { AdmissionError } from "../../../errors/OperationErrors.ts"
import type { CircuitOpenError } from "../../../errors/ResilienceErrors.ts"
import { ChatResponse } from "../../../models/ChatResponse.ts"
import type { StreamEvent } from "../../../models/StreamEvent.ts"
import { withStreamHooks } from "../../../pipeline/internal/StreamGuard.ts"
import type { Limiter, Outcome, PermitRequest } from "./Limiter.ts"

type AcquireError = AdmissionError | CircuitOpenError

/**
 * The error of the library that an error means for the limits of its account;
 * `undefined` where it means nothing for them.
 *
 * @category models
 * @since 0.1.0
 */
export type RateLimitClassifier<E> = (error: E) => KimiError | undefined

/**
 * The library's own errors mean what they are.
 *
 * @category constants
 * @since 0.1.0
 */
export const rateLimitOfKimiError: RateLimitClassifier<KimiError> = (error) => error

const rateLimitOfAny: RateLimitClassifier<unknown> = (error) => (isKimiError(error) ? error : undefined)

const outcomeOf = <A, E>(exit: Exit.Exit<A, E>, rateLimitOf: RateLimitClassifier<E>): Outcome => {
  if (Exit.isSuccess(exit)) return "success"
  if (Cause.hasInterrupts(exit.cause)) return "interrupted"
  const error = Cause.findErrorOption(exit.cause)
  return Option.isSome(error) ? (rateLimitOf(error.value) ?? "interrupted") : "interrupted"
}

/**
 * The guard of effects.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make =
  (acquire: Limiter["acquire"]) =>
  <E0 = unknown>(request: PermitRequest, rateLimitOf: RateLimitClassifier<E0> = rateLimitOfAny) =>
  <A, E extends E0, R>(attempt: Effect.Effect<A, E, R>): Effect.Effect<A, E | AcquireError, R> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(acquire(request, restore), (permit) =>
        Effect.onExit(restore(attempt), (exit) => {
          if (Exit.isSuccess(exit) && exit.value instanceof ChatResponse && exit.value.rateStatus !== undefined) {
            permit.recordRateStatus(exit.value.rateStatus)
          }
          return permit.release(outcomeOf(exit, rateLimitOf))
        })
      )
    )

/**
 * Guards a stream, which holds its permit until it ends.
 *
 * @category combinators
 * @since 0.1.0
 */
export const guardStream = (
  { acquire }: Pick<Limiter, "acquire">,
  request: PermitRequest
): (<E extends KimiError, R>(
  stream: Stream.Stream<StreamEvent, E, R>
) => Stream.Stream<StreamEvent, E | AcquireError, R>) =>
  withStreamHooks((restore) =>
    Effect.map(acquire(request, restore), (permit) => ({
      onEvents: ([first]) => {
        if (first._tag === "Start" && first.rateStatus !== undefined) permit.recordRateStatus(first.rateStatus)
      },
      onEnd: (exit) => permit.release(outcomeOf(exit, rateLimitOfKimiError))
    }))
  )

/**
 * Puts attempts behind circuits: asks for a permit, makes the attempt, and
 * tells once how it ended. Where the circuits are kept is not known here.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { KimiError } from "../errors/KimiError.ts"
import type { CircuitOpenError } from "../errors/ResilienceErrors.ts"
import { isContent, type StreamEvent } from "../models/StreamEvent.ts"
import type * as Circuit from "./Circuit.ts"
import type { Circuits } from "./Circuits.ts"

/**
 * Where permits come from. Both members run uninterruptibly, so neither may
 * wait without a bound; every permit that was given is settled once.
 *
 * @category models
 * @since 0.1.0
 */
export interface Gate<Permit> {
  readonly acquire: (key: string) => Effect.Effect<Permit, CircuitOpenError>
  /** `retryAfter` is what the failure asks for, in milliseconds. */
  readonly settle: (permit: Permit, outcome: Circuit.Outcome, retryAfter?: number) => Effect.Effect<void>
}

/**
 * What a cause says of the host, and how many milliseconds it asks to wait.
 * Only a typed failure speaks of the host: interruption and our own defects do
 * not.
 *
 * @category conversions
 * @since 0.1.0
 */
export const verdict = <E extends KimiError>(
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
  { acquire, settle }: Gate<Permit>,
  clock: Clock.Clock,
  slowMillis: number
): Pick<Circuits, "guard" | "guardStream"> => {
  /** Opens a guarded stream. Its circuit is told once; a consumer that leaves early says nothing. */
  const begin = Effect.fnUntraced(function* <E, R>(
    key: string,
    attempt: Stream.Stream<StreamEvent, E, R>,
    scope: Scope.Scope,
    restore: <B, E2, R2>(effect: Effect.Effect<B, E2, R2>) => Effect.Effect<B, E2, R2>
  ) {
    const permit = yield* acquire(key)
    let isSettled = false
    const finish = (outcome: Circuit.Outcome, retryAfter?: number) =>
      Effect.suspend(() => {
        if (isSettled) return Effect.void
        isSettled = true
        return Effect.uninterruptible(settle(permit, outcome, retryAfter))
      })
    yield* Scope.addFinalizer(scope, finish("ignored"))
    const startedAt = clock.currentTimeMillisUnsafe()
    // Some streams begin their work before the first pull; left there, the scope gives the permit back.
    return { finish, pull: yield* restore(Channel.toPullScoped(attempt.channel, scope)), startedAt }
  })

  return {
    guard: (key) => (attempt) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(acquire(key), (permit) =>
          Effect.onExit(restore(attempt), (exit) =>
            Exit.isSuccess(exit) ? settle(permit, "success") : settle(permit, ...verdict(exit.cause))
          )
        )
      ),
    guardStream:
      (key) =>
      <E extends KimiError, R>(attempt: Stream.Stream<StreamEvent, E, R>) =>
        Stream.fromChannel(
          Channel.fromTransform((_: unknown, scope: Scope.Scope) =>
            Effect.uninterruptibleMask((restore) =>
              Effect.map(begin(key, attempt, scope, restore), ({ finish, pull, startedAt }) => {
                let firstContent: number | undefined
                return Pull.matchEffect(pull, {
                  onSuccess: (events) => {
                    if (firstContent === undefined && events.some(isContent)) {
                      firstContent = clock.currentTimeMillisUnsafe()
                    }
                    return Effect.succeed(events)
                  },
                  onFailure: (cause: Cause.Cause<E>) =>
                    Effect.andThen(finish(...verdict(cause)), Effect.failCause(cause)),
                  onDone: () => {
                    const isSlow = (firstContent ?? startedAt) - startedAt >= slowMillis
                    return Effect.andThen(finish(isSlow ? "slow" : "success"), Cause.done())
                  }
                })
              })
            )
          )
        )
  }
}

/**
 * Bounds a whole call in time: every attempt and every wait together.
 *
 * It is the outermost stage, so that a deadline ends only the wait of the
 * caller that set it. Stages inside do not start a wait that would end after it.
 *
 * @since 0.1.0
 */
import type * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { DeadlineExceededError } from "../errors/TimeoutErrors.ts"
import * as MonotonicClock from "../internal/MonotonicClock.ts"
import * as TimeBound from "../internal/TimeBound.ts"
import * as Stage from "../pipeline/Stage.ts"
import * as CallDeadline from "../pipeline/internal/CallDeadline.ts"
import * as Watchdog from "../pipeline/internal/Watchdog.ts"

const exceeded = (timeout: Duration.Duration): Effect.Effect<never, DeadlineExceededError> =>
  Effect.fail(
    new DeadlineExceededError({ message: `The call took longer than its ${Duration.format(timeout)}`, timeout })
  )

/**
 * Bounds a call; without a deadline it stays unchanged.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withDeadline =
  (deadline: Duration.Duration | undefined) =>
  <A, E, R>(call: Effect.Effect<A, E, R>): Effect.Effect<A, E | DeadlineExceededError, R> =>
    deadline === undefined
      ? call
      : TimeBound.within(CallDeadline.within(Duration.toMillis(deadline))(call), Duration.toMillis(deadline), () =>
          exceeded(deadline)
        )

/** Whether an item is the last event of a complete response. */
const isFinish = (item: unknown): boolean =>
  typeof item === "object" && item !== null && "_tag" in item && item._tag === "Finish"

/**
 * Bounds a streamed call from its start to its last event, including the time
 * that the consumer takes. After `Finish` the response is complete, so the
 * deadline only ends the wait for the end of the stream.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withStreamDeadline =
  (deadline: Duration.Duration | undefined) =>
  <A, E, R>(call: Stream.Stream<A, E, R>): Stream.Stream<A, E | DeadlineExceededError, R> =>
    deadline === undefined
      ? call
      : Stream.fromChannel(
          Channel.fromTransform((_: unknown, scope: Scope.Scope) =>
            Effect.flatMap(Effect.all([Clock.Clock, Watchdog.make(scope)]), ([clock, watchdog]) => {
              const end = MonotonicClock.millisUnsafe(clock) + Duration.toMillis(deadline)
              let isFinished = false
              const expired = (): Pull.Pull<never, DeadlineExceededError> =>
                isFinished ? Cause.done() : exceeded(deadline)
              // The watchdog runs everything with the services of this fiber.
              const { channel } = CallDeadline.withinStream(Duration.toMillis(deadline))(call as Stream.Stream<A, E>)
              // `withinStream` opens the call in the first pull, so all of its attempts are within a guarded pull.
              return Effect.map(Channel.toPullScoped(channel, scope), (pull) =>
                Effect.suspend((): Pull.Pull<Arr.NonEmptyReadonlyArray<A>, E | DeadlineExceededError> =>
                  MonotonicClock.millisUnsafe(clock) >= end
                    ? expired()
                    : Effect.map(watchdog.guard(pull, end, expired), (items) => {
                        isFinished = isFinish(items.at(-1))
                        return items
                      })
                )
              )
            })
          )
        )

/**
 * The stage of the pipeline.
 *
 * @category stages
 * @since 0.1.0
 */
export const stage = (deadline: Duration.Duration | undefined): Stage.Stage => {
  const effect = withDeadline(deadline)
  const stream = withStreamDeadline(deadline)
  return Stage.make("deadline", {
    // A call with its own timeout has that in place of the deadline.
    effect: (inner) => (call) => {
      const own = call.limits?.timeout
      return (own === undefined ? effect : withDeadline(own))(inner(call))
    },
    stream: (inner) => (call) => {
      const own = call.limits?.timeout
      return (own === undefined ? stream : withStreamDeadline(own))(inner(call))
    },
    options: { deadline: deadline === undefined ? "none" : Duration.format(deadline) }
  })
}

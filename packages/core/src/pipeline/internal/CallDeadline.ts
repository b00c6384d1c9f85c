/**
 * The time at which the bounds around a call end, for the stages inside that
 * have to wait: a wait that would end later is not started.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as MonotonicClock from "../../internal/MonotonicClock.ts"

/** A time of `MonotonicClock`; infinite without a bound. */
const CallDeadline = Context.Reference<number>("@kimi-effect/core/pipeline/CallDeadline", {
  defaultValue: () => Number.POSITIVE_INFINITY
})

const now = (context: Context.Context<never>): number => MonotonicClock.millisUnsafe(Context.get(context, Clock.Clock))

/**
 * Milliseconds that are left to the call; infinite without a bound.
 *
 * @category getters
 * @since 0.1.0
 */
export const remainingMillis: Effect.Effect<number> = Effect.withFiberSucceed(({ context }) => {
  const end = Context.get(context, CallDeadline)
  return end === Number.POSITIVE_INFINITY ? end : end - now(context)
})

const earlier = (millis: number, context: Context.Context<never>): number =>
  Math.min(Context.get(context, CallDeadline), now(context) + millis)

/**
 * Bounds an effect, within the bounds around it.
 *
 * @category combinators
 * @since 0.1.0
 */
export const within =
  (millis: number) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.withFiber(({ context }) => Effect.provideService(effect, CallDeadline, earlier(millis, context)))

/**
 * Bounds a stream from its start, within the bounds around it.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withinStream =
  (millis: number) =>
  <A, E, R>(stream: Stream.Stream<A, E, R>): Stream.Stream<A, E, R> =>
    Stream.unwrap(
      Effect.withFiberSucceed(({ context }) => Stream.provideService(stream, CallDeadline, earlier(millis, context)))
    )

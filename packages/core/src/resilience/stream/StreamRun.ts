/**
 * What belongs to one run of a stream: a stream is a description that may be
 * run several times, and each run begins anew.
 *
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import type { StreamEvent } from "../../models/StreamEvent.ts"

type Events<E> = Stream.Stream<StreamEvent, E>

/**
 * Makes the stream of each run from the services of the fiber that runs it.
 * It costs nothing for each read.
 *
 * @category combinators
 * @since 0.1.0
 */
export const onRun = <E>(make: (context: Context.Context<never>) => Events<E>): Events<E> =>
  Stream.fromChannel(
    Channel.fromTransform((upstream, scope) =>
      Effect.withFiber(({ context }) => Channel.toTransform(make(context).channel)(upstream, scope))
    )
  )

/**
 * Hears of a stream that fails before its first read, as one does that a stage
 * does not let through.
 *
 * @category combinators
 * @since 0.1.0
 */
export const onRefusal =
  <E>(hear: (cause: Cause.Cause<E>) => void) =>
  (stream: Events<E>): Events<E> =>
    Stream.fromChannel(
      Channel.fromTransform((upstream, scope) => {
        let hasBegun = false
        const heard = <A, E2 extends E | Cause.Done<void>>(effect: Effect.Effect<A, E2>): Effect.Effect<A, E2> =>
          Effect.tapCause(effect, (cause) => {
            if (!Pull.isDoneCause(cause)) hear(cause as Cause.Cause<E>)
            return Effect.void
          })
        return Effect.map(heard(Channel.toTransform(stream.channel)(upstream, scope)), (pull) => {
          const first = Effect.map(heard(pull), (events) => {
            hasBegun = true
            return events
          })
          return Effect.suspend(() => (hasBegun ? pull : first))
        })
      })
    )

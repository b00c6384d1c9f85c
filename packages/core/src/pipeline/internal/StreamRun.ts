/**
 * What belongs to one run of a stream: a stream is a description that may be
 * run several times, and each run begins anew.
 *
 * @since 0.1.0
 */
import * as Channel from "effect/Channel"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { StreamEvent } from "../../models/StreamEvent.ts"

type EventStream<E> = Stream.Stream<StreamEvent, E>

/**
 * Makes the stream of each run from the services of the fiber that runs it.
 * It costs nothing for each read.
 *
 * @category combinators
 * @since 0.1.0
 */
export const makePerRun = <E>(make: (context: Context.Context<never>) => EventStream<E>): EventStream<E> =>
  Stream.fromChannel(
    Channel.fromTransform((upstream, scope) =>
      Effect.withFiber(({ context }) => Channel.toTransform(make(context).channel)(upstream, scope))
    )
  )

/**
 * Hears how a run ended when its scope closes. It costs nothing for each read.
 * A run that did not begin, because a stage did not let it through, is heard of
 * before another begins in its place.
 *
 * @category combinators
 * @since 0.1.0
 */
export const onClose =
  <E>(hear: (exit: Exit.Exit<unknown, E>) => void) =>
  (stream: EventStream<E>): EventStream<E> =>
    Stream.fromChannel(
      Channel.fromTransform((upstream, scope) =>
        Effect.andThen(
          // A scope does not know the type of what closes it; a run closes its own with its own errors.
          Scope.addFinalizerExit(scope, (exit) => Effect.sync(() => hear(exit as Exit.Exit<unknown, E>))),
          Channel.toTransform(stream.channel)(upstream, scope)
        )
      )
    )

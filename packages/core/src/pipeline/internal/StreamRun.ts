/**
 * State of one run of a stream: a stream is a description that may be run several
 * times, and each run has its own state.
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
 * It has no cost per read.
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

/** Outside the stream, which it would keep for as long as the stream is open. The type of a scope's exit is unknown. */
const finalizerOf =
  <E>(onExit: (exit: Exit.Exit<unknown, E>) => void) =>
  (exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> =>
    // A run closes its own scope with its own errors.
    Effect.sync(() => onExit(exit as Exit.Exit<unknown, E>))

/**
 * Calls a function with the exit of each run when its scope closes. It has
 * no cost per read. A run that a stage rejected before it began is reported
 * before the next one begins.
 *
 * @category combinators
 * @since 0.1.0
 */
export const onClose =
  <E>(onExit: (exit: Exit.Exit<unknown, E>) => void) =>
  (stream: EventStream<E>): EventStream<E> =>
    Stream.fromChannel(
      Channel.fromTransform((upstream, scope) =>
        Effect.andThen(
          Scope.addFinalizerExit(scope, finalizerOf(onExit)),
          Channel.toTransform(stream.channel)(upstream, scope)
        )
      )
    )

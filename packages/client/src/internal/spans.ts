/** Spans that are only made where a tracer is provided: no exporter reads others, and they cost more than most stages. */
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type * as Tracer from "effect/Tracer"

/** Runs an effect in a span if the fiber that runs it has a tracer. */
export const withSpan = <A, E>(
  effect: Effect.Effect<A, E>,
  name: string,
  options: Tracer.SpanOptionsNoTrace
): Effect.Effect<A, E> =>
  Effect.withFiber(({ cache }) => (cache.tracer === undefined ? effect : Effect.withSpan(effect, name, options)))

/** Runs a stream in a span if the fiber that runs it has a tracer. */
export const withStreamSpan = <A, E>(
  stream: Stream.Stream<A, E>,
  name: string,
  options: Tracer.SpanOptionsNoTrace
): Stream.Stream<A, E> =>
  Stream.fromChannel(
    Channel.fromTransform((upstream, scope) =>
      Effect.withFiber(({ cache }) =>
        Channel.toTransform((cache.tracer === undefined ? stream : Stream.withSpan(stream, name, options)).channel)(
          upstream,
          scope
        )
      )
    )
  )

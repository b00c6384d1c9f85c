/**
 * Streams within a span.
 *
 * @since 0.1.0
 */
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import type { StreamEvent } from "../../../models/StreamEvent.ts"

/**
 * Runs a stream within a span that is known when it runs. Pulls for which there
 * is none run as they are, at no cost.
 *
 * @category combinators
 * @since 0.1.0
 */
export const provideParentSpan = <E>(
  spanOf: () => Tracer.Span | undefined,
  stream: Stream.Stream<StreamEvent, E>
): Stream.Stream<StreamEvent, E> => {
  const within = <A, E2, R>(effect: Effect.Effect<A, E2, R>): Effect.Effect<A, E2, R> =>
    Effect.suspend(() => {
      const span = spanOf()
      return span === undefined ? effect : Effect.provideService(effect, Tracer.ParentSpan, span)
    })
  return Stream.fromChannel(
    Channel.fromTransform((upstream, scope) =>
      Effect.map(within(Channel.toTransform(stream.channel)(upstream, scope)), within)
    )
  )
}

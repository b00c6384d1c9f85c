/** Keeps the arguments of tools off spans. */
import * as Effect from "effect/Effect"
import type * as Tracer from "effect/Tracer"

/** A span that leaves out the arguments that `Toolkit` writes on it. Its children are still its children. */
const withoutParameters = (span: Tracer.Span): Tracer.Span =>
  Object.create(span, {
    attribute: {
      value: (key: string, value: unknown) => {
        if (key !== "parameters") span.attribute(key, value)
      }
    }
  })

/** Runs `Toolkit.handle`, which writes the arguments on the current span, without them. */
export const withoutArguments = <A, E, R>(call: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.matchEffect(Effect.currentSpan, {
    onFailure: () => call,
    onSuccess: (span) => Effect.withParentSpan(call, withoutParameters(span), { captureStackTrace: false })
  })

/**
 * The spans of calls. Without a tracer, no exporter reads their
 * attributes and events, so they have none.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import { spans } from "../../Telemetry.ts"
import type { CallSpan } from "./Observation.ts"

const noParent = Option.none<Tracer.AnySpan>()

/** A span that only has ids, which records and log lines contain. */
const untraced = (name: string, parent: Tracer.AnySpan | undefined): Tracer.Span =>
  new Tracer.NativeSpan({
    name,
    parent: parent === undefined ? noParent : Option.some(parent),
    annotations: Context.empty(),
    links: [],
    startTime: 0n,
    kind: spans.call.kind,
    sampled: false
  })

/**
 * The span of a call: of the tracer of the fiber, or without one only with ids.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeCallSpan = (
  name: string,
  options: (context: Context.Context<never>) => Tracer.SpanOptionsNoTrace
): Effect.Effect<CallSpan> =>
  Effect.withFiber(({ cache, context }): Effect.Effect<CallSpan> =>
    cache.tracer === undefined
      ? Effect.succeed({ span: untraced(name, cache.span), isTraced: false })
      : Effect.map(Effect.makeSpan(name, options(context)), (span) => ({ span, isTraced: true }))
  )

/**
 * The same for an effect, with which the span ends. It is passed the fiber, which
 * saves it a step to get it.
 *
 * @category combinators
 * @since 0.1.0
 */
export const useCallSpan = <A, E>(
  name: string,
  options: (context: Context.Context<never>) => Tracer.SpanOptionsNoTrace,
  use: (span: CallSpan, fiber: Fiber.Fiber<unknown, unknown>) => Effect.Effect<A, E>
): Effect.Effect<A, E> =>
  Effect.withFiber((fiber) =>
    fiber.cache.tracer === undefined
      ? use({ span: untraced(name, fiber.cache.span), isTraced: false }, fiber)
      : Effect.useSpan(name, options(fiber.context), (span) => use({ span, isTraced: true }, fiber))
  )

/**
 * Where something is logged that belongs to no call in particular.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"

/**
 * The surroundings of a fiber, its loggers above all, without what says which
 * call it makes: its span, its annotations and its log spans.
 *
 * @category conversions
 * @since 0.1.0
 */
export const withoutCallContext = (context: Context.Context<never>): Context.Context<never> =>
  Context.omit(Tracer.ParentSpan)(context).pipe(
    Context.add(References.CurrentLogAnnotations, {}),
    Context.add(References.CurrentLogSpans, [])
  )

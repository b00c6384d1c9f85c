/**
 * The context for log lines that belong to no call.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"

/**
 * The context of a fiber with its loggers, without the span, the annotations and
 * the log spans of the call that it makes.
 *
 * @category conversions
 * @since 0.1.0
 */
export const withoutCallContext = (context: Context.Context<never>): Context.Context<never> =>
  Context.omit(Tracer.ParentSpan)(context).pipe(
    Context.add(References.CurrentLogAnnotations, {}),
    Context.add(References.CurrentLogSpans, [])
  )

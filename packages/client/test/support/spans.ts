import { Effect, Tracer } from "effect"

/** A tracer that keeps every span, in the order in which they start. */
export const recordSpans = () => {
  const spans: Array<Tracer.NativeSpan> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      return span
    }
  })
  return { spans, tracer, record: Effect.withTracer(tracer) }
}

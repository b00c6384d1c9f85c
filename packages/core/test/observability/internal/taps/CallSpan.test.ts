import { assert, describe, it } from "@effect/vitest"
import { Effect, Tracer } from "effect"
import * as CallSpan from "../../../../src/observability/internal/taps/CallSpan.ts"

const tracer = Tracer.make({ span: (options) => new Tracer.NativeSpan(options) })
const options = () => ({ attributes: { "kimi.host": "moonshot" } })
const use = CallSpan.useCallSpan("chat kimi-k3", options, (span) => Effect.succeed(span))
const make = CallSpan.makeCallSpan("chat kimi-k3", options)

for (const [name, span] of [
  ["useCallSpan", use],
  ["makeCallSpan", make]
] as const) {
  describe(name, () => {
    it.effect("gives a span of the tracer", () =>
      Effect.gen(function* () {
        const traced = yield* Effect.withTracer(span, tracer)
        assert.isTrue(traced.isTraced)
        assert.deepStrictEqual(Object.fromEntries(traced.span.attributes), options().attributes)
      })
    )

    it.effect("gives a span without attributes where there is no tracer", () =>
      Effect.gen(function* () {
        const { isTraced, span: untraced } = yield* span
        assert.isFalse(isTraced)
        assert.strictEqual(untraced.attributes.size, 0)
      })
    )

    it.effect("gives a span with ids where there is no tracer", () =>
      Effect.gen(function* () {
        const { span: untraced } = yield* span
        assert.match(untraced.traceId, /^[0-9a-f]{32}$/)
        assert.match(untraced.spanId, /^[0-9a-f]{16}$/)
      })
    )

    it.effect("gives a span in the trace of its caller where there is no tracer", () =>
      Effect.gen(function* () {
        const parent = Tracer.externalSpan({ traceId: "0123456789abcdef0123456789abcdef", spanId: "0123456789abcdef" })
        const { span: untraced } = yield* Effect.withParentSpan(span, parent)
        assert.strictEqual(untraced.traceId, parent.traceId)
      })
    )
  })
}

describe("useCallSpan", () => {
  it.effect("ends a span of the tracer", () =>
    Effect.gen(function* () {
      const { span } = yield* Effect.withTracer(use, tracer)
      assert.strictEqual(span.status._tag, "Ended")
    })
  )
})

import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Stream, Tracer } from "effect"
import { withSpan, withStreamSpan } from "../../src/internal/spans.ts"

const tracer = Tracer.make({ span: (options) => new Tracer.NativeSpan(options) })

/** The name of the span in which it runs. */
const spanName = Effect.map(Effect.option(Effect.currentSpan), (span) =>
  Option.getOrUndefined(Option.map(span, ({ name }) => name))
)

const ofEffect = withSpan(spanName, "chat kimi-k3", {})
const ofStream = Effect.map(
  Stream.runHead(withStreamSpan(Stream.fromEffect(spanName), "chat kimi-k3", {})),
  Option.getOrUndefined
)

for (const [name, seen] of [
  ["withSpan", ofEffect],
  ["withStreamSpan", ofStream]
] as const) {
  describe(name, () => {
    it.effect("makes a span where a tracer is provided", () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* Effect.withTracer(seen, tracer), "chat kimi-k3")
      })
    )

    it.effect("makes no span without a tracer", () =>
      Effect.gen(function* () {
        assert.isUndefined(yield* seen)
      })
    )
  })
}

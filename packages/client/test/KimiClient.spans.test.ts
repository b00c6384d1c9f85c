import { assert, describe, it } from "@effect/vitest"
import { Fault, Reply } from "@kimi-effect/testing"
import { Effect, Exit, Stream, Tracer } from "effect"
import { hello, withKimi } from "./node/support/kimi.ts"
import { recordSpans } from "./support/spans.ts"

/** A tracer that records its spans. */
const describeSpan = (span: Tracer.NativeSpan | undefined) =>
  span && {
    name: span.name,
    kind: span.kind,
    attributes: Object.fromEntries(span.attributes),
    ended: span.status._tag === "Ended" ? (Exit.isSuccess(span.status.exit) ? "success" : "failure") : "no"
  }

const attributes = { "gen_ai.provider.name": "moonshot_ai" }

for (const http of ["undici", "fetch"] as const) {
  describe(`the spans of a client over ${http}`, () => {
    it.live("are one per call, named by its operation", () =>
      withKimi(
        (client) =>
          Effect.gen(function* () {
            const { spans, record } = recordSpans()
            yield* record(client.chat(hello))
            yield* record(Stream.runDrain(client.stream(hello)))
            yield* record(client.models)
            yield* record(client.estimateTokens({ messages: hello.messages }))
            yield* record(client.balance)
            assert.deepStrictEqual(
              spans.map(describeSpan),
              [
                "chat kimi-k3",
                "chat kimi-k3",
                "KimiClient.models",
                "KimiClient.estimateTokens",
                "KimiClient.balance"
              ].map((name) => ({
                name,
                kind: "client" as const,
                attributes,
                ended: "success"
              }))
            )
          }),
        { http }
      )
    )
  })
}

describe("the span of a stream", () => {
  it.live("does not start before the stream runs", () =>
    withKimi((client) =>
      Effect.gen(function* () {
        const { spans, record } = recordSpans()
        const stream = yield* record(Effect.sync(() => client.stream(hello)))
        assert.deepStrictEqual(spans, [])
        yield* record(Stream.runDrain(stream))
        assert.strictEqual(spans.length, 1)
      })
    )
  )

  it.live("is open until the last event", () =>
    withKimi((client) =>
      Effect.gen(function* () {
        const { spans, record } = recordSpans()
        const during = yield* record(
          client.stream(hello).pipe(
            Stream.map(() => describeSpan(spans[0])?.ended),
            Stream.runCollect
          )
        )
        assert.isAbove(during.length, 40)
        assert.deepStrictEqual([...new Set(during)], ["no"])
        assert.strictEqual(describeSpan(spans[0])?.ended, "success")
      })
    )
  )

  it.live("fails when the stream fails", () =>
    withKimi((client, server) =>
      Effect.gen(function* () {
        const { spans, record } = recordSpans()
        yield* server.reply(Reply.faulty(Fault.TruncatedStream({ afterEvents: 5 })))
        yield* Effect.flip(record(Stream.runDrain(client.stream(hello))))
        assert.strictEqual(describeSpan(spans[0])?.ended, "failure")
      })
    )
  )

  it.live("ends when the consumer leaves", () =>
    withKimi((client, server) =>
      Effect.gen(function* () {
        const { spans, record } = recordSpans()
        yield* server.reply(Reply.faulty(Fault.StallMidStream({ afterEvents: 5 })))
        yield* record(client.stream(hello).pipe(Stream.take(2), Stream.runDrain))
        assert.strictEqual(spans[0]?.status._tag, "Ended")
      })
    )
  )

  it.live("is a child of the span in which the stream runs", () =>
    withKimi((client) =>
      Effect.gen(function* () {
        const { spans, record } = recordSpans()
        yield* record(Effect.withSpan(Stream.runDrain(client.stream(hello)), "outer"))
        const [outer, inner] = spans
        assert.strictEqual(inner?.traceId, outer?.traceId)
        assert.strictEqual(inner?.parent._tag === "Some" ? inner.parent.value.spanId : undefined, outer?.spanId)
      })
    )
  )
})

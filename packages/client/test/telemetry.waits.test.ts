import { assert, describe, it } from "@effect/vitest"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import type { CallRecord } from "@kimi-effect/core/CallRecord"
import * as Observer from "@kimi-effect/core/Observer"
import * as Admission from "@kimi-effect/core/Admission"
import { Context, Effect, Fiber, Layer, Metric, Redacted, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as ChatTransport from "../src/ChatTransport.ts"
import * as KimiClient from "../src/KimiClient.ts"
import { providers } from "../src/Provider.ts"
import { finishEvent, responseOf, startEvent, textDelta, usageOf } from "./support/responses.ts"
import { recordSpans } from "./support/spans.ts"

const request = { model: "kimi-k3", messages: [{ role: "user" as const, content: "hello" }] }

const usage = usageOf(20, 30)
const answer = responseOf({ usage, provider: "moonshot" })

/** A stream whose reads take so many milliseconds each. */
const timed = (reads: ReadonlyArray<readonly [millis: number, event: StreamEvent]>) =>
  Stream.fromIterable(reads).pipe(
    Stream.rechunk(1),
    Stream.mapEffect(([millis, event]) => Effect.as(Effect.sleep(millis), event))
  )

/** A chat of one second, and a stream with fixed delays. */
const transport: ChatTransport.ChatTransport["Service"] = {
  provider: providers.moonshot,
  chat: () => Effect.as(Effect.sleep("1 second"), answer),
  stream: () =>
    timed([
      [100, startEvent({ id: "chatcmpl-2", provider: "moonshot" })],
      [400, textDelta("a")],
      [30, textDelta("b")],
      [70, textDelta("c")],
      [0, { _tag: "Usage", usage }],
      [0, finishEvent]
    ])
}

const build = Effect.gen(function* () {
  const records: Array<CallRecord> = []
  const registry: Metric.MetricRegistry = new Map()
  const context = yield* Layer.build(
    KimiClient.layerTransport.pipe(
      Layer.provide(Layer.succeed(ChatTransport.ChatTransport, transport)),
      Layer.provide(KimiConfig.layer({ apiKey: Redacted.make("sk-test-0123456789") })),
      Layer.provide(Admission.layer({ limits: { concurrency: 1 } })),
      Layer.provide(Observer.layer({ onCall: [(record) => Effect.sync(() => void records.push(record))] })),
      Layer.provide(Layer.succeed(Metric.MetricRegistry, registry))
    )
  )
  const { spans, tracer } = recordSpans()
  const histogram = (id: string, labels: Record<string, string> = {}) =>
    Metric.snapshotUnsafe(Context.make(Metric.MetricRegistry, registry)).flatMap((metric) =>
      metric.id === id &&
      metric.type === "Histogram" &&
      Object.entries(labels).every(([name, value]) => metric.attributes?.[name] === value)
        ? [{ count: metric.state.count, sum: metric.state.sum }]
        : []
    )
  return {
    client: Context.get(context, KimiClient.KimiClient),
    records,
    spans,
    histogram,
    traced: Effect.withTracer(tracer)
  }
})

describe("an observed wait for admission", () => {
  /** Two calls, the second of which waits for a second. */
  const twoCalls = Effect.gen(function* () {
    const built = yield* build
    const { client, traced } = built
    const fiber = yield* Effect.forkChild(
      traced(Effect.all([client.chat(request), client.chat(request)], { concurrency: 2 }))
    )
    yield* TestClock.adjust("2 seconds")
    yield* Fiber.join(fiber)
    return built
  })

  it.effect("has its duration in the record of the call", () =>
    Effect.gen(function* () {
      const { records } = yield* twoCalls
      assert.deepStrictEqual(
        records.map(({ admissionWait, duration }) => ({ admissionWait, duration })),
        [
          { admissionWait: 0, duration: 1000 },
          { admissionWait: 1000, duration: 2000 }
        ]
      )
    }).pipe(Effect.scoped)
  )

  it.effect("has its duration in the metrics", () =>
    Effect.gen(function* () {
      const { histogram } = yield* twoCalls
      assert.deepStrictEqual(histogram("kimi.client.admission.wait", { "kimi.outcome": "admitted" }), [
        { count: 2, sum: 1 }
      ])
    }).pipe(Effect.scoped)
  )

  it.effect("is an event of the span", () =>
    Effect.gen(function* () {
      const { spans } = yield* twoCalls
      const events = spans.flatMap(({ events }) => events.map(([name, , attributes]) => [name, attributes]))
      assert.deepStrictEqual(events, [["kimi.admission.wait", { "kimi.wait": 1, "kimi.outcome": "admitted" }]])
    }).pipe(Effect.scoped)
  )

  it.effect("counts as interrupted when its caller is interrupted", () =>
    Effect.gen(function* () {
      const { client, histogram, records } = yield* build
      const first = yield* Effect.forkChild(client.chat(request))
      yield* TestClock.adjust("1 millis")
      const second = yield* Effect.forkChild(client.chat(request))
      yield* TestClock.adjust("300 millis")
      yield* Fiber.interrupt(second)
      assert.deepInclude(records[0], { admissionWait: 300, attempts: 0, outcome: "interrupted" })
      assert.deepStrictEqual(histogram("kimi.client.admission.wait", { "kimi.outcome": "interrupted" }), [
        { count: 1, sum: 0.3 }
      ])
      yield* Fiber.interrupt(first)
    }).pipe(Effect.scoped)
  )
})

describe("an observed stream", () => {
  const drained = Effect.gen(function* () {
    const built = yield* build
    const fiber = yield* Effect.forkChild(Stream.runDrain(built.client.stream(request)))
    yield* TestClock.adjust("600 millis")
    yield* Fiber.join(fiber)
    return built
  })

  it.effect("has its durations in the metrics", () =>
    Effect.gen(function* () {
      const { histogram } = yield* drained
      assert.deepStrictEqual(histogram("gen_ai.client.operation.time_to_first_chunk"), [{ count: 1, sum: 0.5 }])
      assert.deepStrictEqual(histogram("gen_ai.client.operation.time_per_output_chunk"), [
        { count: 2, sum: 0.03 + 0.07 }
      ])
      assert.deepStrictEqual(histogram("gen_ai.client.operation.duration"), [{ count: 1, sum: 0.6 }])
    }).pipe(Effect.scoped)
  )

  it.effect("has its token rate in the metrics", () =>
    Effect.gen(function* () {
      const { histogram } = yield* drained
      // 30 tokens in the 100 milliseconds after the first content.
      assert.deepStrictEqual(histogram("kimi.client.output_rate"), [{ count: 1, sum: 300 }])
    }).pipe(Effect.scoped)
  )

  it.effect("has its durations in the record of the call", () =>
    Effect.gen(function* () {
      const { records } = yield* drained
      assert.deepInclude(records[0], { duration: 600, timeToFirstToken: 500 })
    }).pipe(Effect.scoped)
  )

  it.effect("is part of the performance of the client", () =>
    Effect.gen(function* () {
      const { client } = yield* drained
      const metrics = yield* client.metrics
      assert.deepStrictEqual(metrics.performance, {
        requests: { ok: 1 },
        attempts: 1,
        retries: 0,
        streamEnds: { complete: 1 },
        duration: { p50: 600, p95: 600, p99: 600, samples: 1 },
        timeToFirstToken: { p50: 500, p95: 500, p99: 500, samples: 1 },
        outputRate: { p50: 300, p95: 300, p99: 300, samples: 1 },
        admissionWait: { p50: 0, p95: 0, p99: 0, samples: 1 }
      })
    }).pipe(Effect.scoped)
  )
})

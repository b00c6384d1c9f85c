import { assert, describe, it } from "@effect/vitest"
import * as Admission from "@kimi-effect/core/Admission"
import type { CallRecord } from "@kimi-effect/core/CallRecord"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as Observer from "@kimi-effect/core/Observer"
import * as Pipeline from "@kimi-effect/core/Pipeline"
import * as Stage from "@kimi-effect/core/Stage"
import { Context, Effect, Fiber, Layer, Metric, Redacted, Stream } from "effect"
import { TestClock } from "effect/testing"
import { jumps, withWallClock } from "../../../test/support/wallClock.ts"
import * as ChatTransport from "../src/ChatTransport.ts"
import * as KimiClient from "../src/KimiClient.ts"
import { providers } from "../src/Provider.ts"
import { finishEvent, responseOf, startEvent, textDelta, usageOf } from "./support/responses.ts"

const request = { model: "kimi-k3", messages: [{ role: "user" as const, content: "hello" }] }
const usage = usageOf(20, 30)
const noon = Date.UTC(2026, 10, 23, 12)

/** A chat of a second, and a stream with its text after 500 milliseconds and its end after 800. */
const transport: ChatTransport.ChatTransport["Service"] = {
  provider: providers.moonshot,
  chat: () => Effect.as(Effect.sleep("1 second"), responseOf({ usage, provider: "moonshot" })),
  stream: () =>
    Stream.make(
      [0, startEvent({ id: "chatcmpl-2", provider: "moonshot" })] as const,
      [500, textDelta("a")] as const,
      [300, textDelta("b")] as const,
      [0, { _tag: "Usage", usage }] as const,
      [0, finishEvent] as const
    ).pipe(
      Stream.rechunk(1),
      Stream.mapEffect(([millis, event]) => Effect.as(Effect.sleep(millis), event))
    )
}

/** Runs calls, and sets the clock after 200 milliseconds; the result is what was observed. */
const observed = (calls: (client: KimiClient.KimiClient["Service"]) => Effect.Effect<unknown, unknown>, jump: number) =>
  withWallClock((set) =>
    Effect.gen(function* () {
      yield* TestClock.setTime(noon)
      const records: Array<CallRecord> = []
      const registry: Metric.MetricRegistry = new Map()
      const context = yield* Layer.build(
        KimiClient.layerTransport.pipe(
          Layer.provide(Pipeline.layer(Pipeline.insertBefore("deadline", Stage.make("own", {})))),
          Layer.provide(Layer.succeed(ChatTransport.ChatTransport, transport)),
          Layer.provide(KimiConfig.layer({ apiKey: Redacted.make("sk-test-0123456789") })),
          Layer.provide(Admission.layer({ limits: { concurrency: 1 } })),
          Layer.provide(Observer.layer({ onCall: [(record) => Effect.sync(() => void records.push(record))] })),
          Layer.provide(Layer.succeed(Metric.MetricRegistry, registry))
        )
      )
      const fiber = yield* Effect.forkChild(calls(Context.get(context, KimiClient.KimiClient)))
      yield* TestClock.adjust("200 millis")
      set(jump)
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      const sums = Metric.snapshotUnsafe(Context.make(Metric.MetricRegistry, registry)).flatMap((metric) =>
        metric.type === "Histogram" && metric.state.count > 0 ? [[metric.id, metric.state.sum] as const] : []
      )
      return { records, sums: new Map(sums) }
    })
  )

describe("an observed call", () => {
  for (const [name, jump] of jumps) {
    it.effect(`has its duration when the clock is set ${name}`, () =>
      Effect.gen(function* () {
        const { records } = yield* observed((client) => client.chat(request), jump)
        assert.deepStrictEqual(
          records.map(({ duration, startedAt }) => [startedAt, duration]),
          [[noon, 1_000]]
        )
      })
    )

    it.effect(`has its time to first token when the clock is set ${name}`, () =>
      Effect.gen(function* () {
        const { records } = yield* observed((client) => Stream.runDrain(client.stream(request)), jump)
        assert.deepStrictEqual(
          records.map(({ duration, timeToFirstToken }) => [timeToFirstToken, duration]),
          [[500, 800]]
        )
      })
    )

    it.effect(`has its wait for admission when the clock is set ${name}`, () =>
      Effect.gen(function* () {
        const { records } = yield* observed(
          (client) => Effect.all([client.chat(request), client.chat(request)], { concurrency: 2 }),
          jump
        )
        assert.deepStrictEqual(
          records.map(({ admissionWait }) => admissionWait),
          [0, 1_000]
        )
      })
    )

    it.effect(`records metrics of durations when the clock is set ${name}`, () =>
      Effect.gen(function* () {
        const { sums } = yield* observed((client) => Stream.runDrain(client.stream(request)), jump)
        const expected = {
          "gen_ai.client.operation.duration": 0.8,
          "gen_ai.client.operation.time_to_first_chunk": 0.5,
          "gen_ai.client.operation.time_per_output_chunk": 0.3,
          "kimi.client.output_rate": 100,
          "kimi.stage.duration": 0.8
        }
        assert.deepInclude(Object.fromEntries(sums), expected)
      })
    )
  }
})

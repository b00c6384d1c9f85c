import { assert, describe, it } from "@effect/vitest"
import * as Accounting from "@kimi-effect/core/Accounting"
import type { CallRecord } from "@kimi-effect/core/CallRecord"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import { classes } from "@kimi-effect/core/KimiError"
import * as Observer from "@kimi-effect/core/Observer"
import * as Pipeline from "@kimi-effect/core/Pipeline"
import * as Stage from "@kimi-effect/core/Stage"
import { Context, Effect, Exit, Fiber, Layer, Metric, Redacted, Stream, Tracer } from "effect"
import { TestClock } from "effect/testing"
import * as ChatTransport from "../src/ChatTransport.ts"
import * as KimiClient from "../src/KimiClient.ts"
import { providers } from "../src/Provider.ts"
import { eventsOf, responseOf, usageOf } from "./support/responses.ts"
import { recordSpans } from "./support/spans.ts"

const request = { model: "kimi-k3", messages: [{ role: "user" as const, content: "hello" }] }
const options = { usage: usageOf(20, 30), provider: "moonshot" }
const response = responseOf(options)
const events = eventsOf({ ...options, id: "chatcmpl-2" })

/** Takes 100 ms before everything inside it. */
const slow = Stage.make("slow", {
  effect: (inner) => (call) => Effect.andThen(Effect.sleep("100 millis"), inner(call)),
  stream: (inner) => (call) => Stream.unwrap(Effect.as(Effect.sleep("100 millis"), inner(call)))
})

/** An observed client, with what is observed. Each attempt takes a second, unless it fails. */
const observed = Effect.fnUntraced(function* (
  edits: Layer.Layer<never>,
  failures: Array<InstanceType<typeof classes.OverloadedError>> = []
) {
  const wait = Effect.suspend(() => {
    const error = failures.shift()
    return error === undefined ? Effect.sleep("1 second") : Effect.fail(error)
  })
  const transport: ChatTransport.ChatTransport["Service"] = {
    provider: providers.moonshot,
    chat: () => Effect.as(wait, response),
    stream: () => Stream.unwrap(Effect.as(wait, Stream.rechunk(Stream.fromIterable(events), 1)))
  }
  const records: Array<CallRecord> = []
  const registry: Metric.MetricRegistry = new Map()
  const context = yield* Layer.build(
    KimiClient.layerTransport.pipe(
      Layer.provide(edits),
      Layer.provide(Layer.succeed(ChatTransport.ChatTransport, transport)),
      Layer.provide(KimiConfig.layer({ apiKey: Redacted.make("sk-test-0123456789") })),
      Layer.provideMerge(Accounting.layer),
      Layer.provide(Observer.layer({ onCall: [(record) => Effect.sync(() => void records.push(record))] })),
      Layer.provide(Layer.succeed(Metric.MetricRegistry, registry))
    )
  )
  const { spans, tracer } = recordSpans()
  const kimi = Context.get(context, KimiClient.KimiClient)
  const outline = (span: Tracer.Span): string => {
    const children = spans.filter(({ parent }) => parent._tag === "Some" && parent.value.spanId === span.spanId)
    return children.length === 0 ? span.name : `${span.name} > (${children.map(outline).join(", ")})`
  }
  return {
    records,
    spans,
    entries: Context.get(context, Accounting.Accounting).entries,
    chat: settled(Effect.withTracer(kimi.chat(request), tracer)),
    stream: settled(Effect.withTracer(Stream.runDrain(kimi.stream(request)), tracer)),
    tree: () => spans.filter(({ parent }) => parent._tag === "None").map(outline),
    metrics: Effect.provideService(Metric.snapshot, Metric.MetricRegistry, registry)
  }
})

const settled = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    yield* TestClock.adjust("1 hour")
    return yield* Fiber.await(fiber)
  })

const calls = ["chat", "stream"] as const

describe("an inserted stage of an observed client", () => {
  const edits = Pipeline.layer(Pipeline.insertBefore("retry", slow))

  it.effect.each(calls)("has a span in that of its %s, with the attempts inside", (operation) =>
    Effect.gen(function* () {
      const client = yield* observed(edits)
      yield* client[operation]
      assert.deepStrictEqual(client.tree(), ["chat kimi-k3 > (kimi.stage > (kimi.attempt))"])
    })
  )

  it.effect.each(calls)("has a span with its name, its outcome in a %s", (operation) =>
    Effect.gen(function* () {
      const client = yield* observed(edits)
      yield* client[operation]
      const span = client.spans.find(({ name }) => name === "kimi.stage")
      assert.deepStrictEqual(Object.fromEntries(span?.attributes ?? []), {
        "kimi.stage.name": "slow",
        "kimi.outcome": "ok"
      })
      assert.strictEqual(span?.status._tag, "Ended")
    })
  )

  it.effect.each(calls)("records the duration of its %s with everything inside", (operation) =>
    Effect.gen(function* () {
      const client = yield* observed(edits)
      yield* client[operation]
      const metrics = (yield* client.metrics).filter(({ id }) => id === "kimi.stage.duration")
      assert.strictEqual(metrics.length, 1)
      assert.deepInclude(metrics[0]?.state, { count: 1, sum: 1.1 })
      assert.deepInclude(metrics[0]?.attributes, { "kimi.stage.name": "slow", "kimi.outcome": "ok" })
    })
  )

  it.effect("records the error that it fails with", () =>
    Effect.gen(function* () {
      const error = new classes.InvalidRequestError({ message: "no" })
      const failing = Stage.make("failing", { effect: () => () => Effect.fail(error) })
      const client = yield* observed(Pipeline.layer(Pipeline.insertBefore("retry", failing)))
      assert.deepStrictEqual(yield* client.chat, Exit.fail(error))
      const metrics = (yield* client.metrics).find(({ id }) => id === "kimi.stage.duration")
      assert.deepInclude(metrics?.attributes, { "kimi.outcome": "InvalidRequestError" })
    })
  )
})

describe("a replaced stage of an observed client", () => {
  const withoutAccounting = Effect.fnUntraced(function* (operation: (typeof calls)[number]) {
    const client = yield* observed(Pipeline.layer(Pipeline.replace("accounting", Stage.make("none", {}))))
    yield* client[operation]
    return client
  })

  it.effect.each(calls)("does not change the observed attempts of a %s in place of accounting", (operation) =>
    Effect.gen(function* () {
      const client = yield* withoutAccounting(operation)
      assert.deepStrictEqual(client.tree(), ["chat kimi-k3 > (kimi.stage > (kimi.attempt))"])
      assert.strictEqual(client.records[0]?.attempts, 1)
    })
  )

  it.effect.each(calls)("records no usage of a %s in place of accounting", (operation) =>
    Effect.gen(function* () {
      const client = yield* withoutAccounting(operation)
      assert.deepStrictEqual(yield* client.entries, [])
    })
  )

  it.effect.each(calls)("in place of admission has its wait recorded with its %s", (operation) =>
    Effect.gen(function* () {
      const client = yield* observed(Pipeline.layer(Pipeline.replace("admission", slow)))
      yield* client[operation]
      assert.strictEqual(client.records[0]?.admissionWait, 100)
    })
  )

  it.effect.each(calls)("has its retries of a %s counted in place of retry", (operation) =>
    Effect.gen(function* () {
      const twice = Stage.make("twice", {
        effect: (inner) => (call) => Effect.retry(inner(call), { times: 1 }),
        stream: (inner) => (call) => Stream.catch(inner(call), () => inner(call))
      })
      const client = yield* observed(Pipeline.layer(Pipeline.replace("retry", twice)), [
        new classes.OverloadedError({ message: "overloaded" })
      ])
      yield* client[operation]
      assert.deepInclude(client.records[0], { attempts: 2, retries: 1, outcome: "ok" })
    })
  )
})

describe("a removed stage of an observed client", () => {
  it.effect.each(["accounting", "timeout", "retry", "admission"] as const)(
    "does not change the observed attempts: %s",
    (name) =>
      Effect.gen(function* () {
        const client = yield* observed(Pipeline.layer(Pipeline.remove(name)))
        yield* client.chat
        yield* client.stream
        assert.deepStrictEqual(client.tree(), ["chat kimi-k3 > (kimi.attempt)", "chat kimi-k3 > (kimi.attempt)"])
      })
  )

  it.effect.each(calls)("is accounting, while every attempt of a %s is still observed", (operation) =>
    Effect.gen(function* () {
      const overloaded = new classes.OverloadedError({ message: "overloaded" })
      const client = yield* observed(Pipeline.layer(Pipeline.remove("accounting")), [overloaded])
      yield* client[operation]
      assert.deepStrictEqual(client.tree(), ["chat kimi-k3 > (kimi.attempt, kimi.attempt)"])
      assert.deepInclude(client.records[0], { attempts: 2, retries: 1, outcome: "ok" })
    })
  )
})

describe("an observed client whose stages are its own", () => {
  it.effect.each(calls)("has no span for a stage of a %s", (operation) =>
    Effect.gen(function* () {
      const client = yield* observed(Layer.empty)
      yield* client[operation]
      assert.deepStrictEqual(client.tree(), ["chat kimi-k3 > (kimi.attempt)"])
    })
  )

  it.effect("records the cost of a stream with its call", () =>
    Effect.gen(function* () {
      const client = yield* observed(Layer.empty)
      yield* client.stream
      assert.isDefined(client.records[0]?.cost)
      assert.strictEqual((yield* client.entries).length, 1)
    })
  )
})

import { assert, describe, it } from "@effect/vitest"
import * as Budget from "@kimi-effect/core/Budget"
import * as Hedge from "@kimi-effect/core/Hedge"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as Observer from "@kimi-effect/core/Observer"
import * as Pipeline from "@kimi-effect/core/Pipeline"
import * as ResponseCache from "@kimi-effect/core/ResponseCache"
import * as Stage from "@kimi-effect/core/Stage"
import { Context, Effect, Layer, Metric, Stream } from "effect"
import { ChatTransport } from "../src/ChatTransport.ts"
import * as KimiClient from "../src/KimiClient.ts"
import { providers } from "../src/Provider.ts"
import { eventsOf, responseOf } from "./support/responses.ts"

const request = { messages: [{ role: "user" as const, content: "hello" }] }
const response = responseOf()
const events = eventsOf()

/** A client with every optional stage, after an edit. */
const connect = (edit: Pipeline.Edit, isObserved: boolean) => {
  const transport = Layer.succeed(ChatTransport, {
    provider: providers.custom,
    chat: () => Effect.succeed(response),
    stream: () => Stream.fromIterable(events)
  })
  const optional = Layer.mergeAll(
    ResponseCache.layerMemory(),
    Budget.layerMemory({ onUnknownPrice: "allow", caps: [{ amount: "1", currency: "USD" }] }),
    Hedge.layer({ delay: "1 minute" }),
    Pipeline.layer(edit)
  )
  const layer = KimiClient.layerTransport.pipe(
    Layer.provide(isObserved ? Layer.provideMerge(optional, Observer.layer()) : optional),
    Layer.provide(transport),
    Layer.provide(KimiConfig.layer({ provider: "custom", baseUrl: "http://localhost/v1", recovery: "continue" })),
    Layer.provide(Layer.succeed(Metric.MetricRegistry, new Map()))
  )
  return Effect.map(Layer.build(layer), (context) => Context.get(context, KimiClient.KimiClient))
}

const describedNames = (kimi: KimiClient.KimiClient["Service"]): ReadonlyArray<string> => {
  const names = kimi
    .describe()
    .split("\n")
    .map((line) => line.replace(/:.*/, ""))
  return names.filter((name) => Pipeline.order.some((stage) => stage === name))
}

/** A stage that records which kinds of calls pass it. */
const recording = (calls: Array<string>): Stage.Stage =>
  Stage.make("custom", {
    effect: (inner) => (call) =>
      Effect.suspend(() => {
        calls.push("chat")
        return inner(call)
      }),
    stream: (inner) => (call) =>
      Stream.suspend(() => {
        calls.push("stream")
        return inner(call)
      })
  })

describe.each([
  ["a client", false],
  ["an observed client", true]
] as const)("%s with every stage", (_, isObserved) => {
  it.effect.each(Pipeline.order)("runs a stage in the place of %s", (name) =>
    Effect.gen(function* () {
      const calls: Array<string> = []
      const kimi = yield* connect(Pipeline.replace(name, recording(calls)), isObserved)
      assert.strictEqual((yield* kimi.chat(request)).id, response.id)
      // A cache would replay the response of the chat.
      const other = { messages: [{ role: "user" as const, content: "again" }] }
      assert.deepStrictEqual((yield* Stream.runCollect(kimi.stream(other))).at(-1)?._tag, "Finish")
      assert.deepStrictEqual(calls, ["chat", "stream"])
    })
  )

  it.effect.each(Pipeline.order)("completes calls without %s", (name) =>
    Effect.gen(function* () {
      const kimi = yield* connect(Pipeline.remove(name), isObserved)
      assert.strictEqual((yield* kimi.chat(request)).id, response.id)
      assert.deepStrictEqual((yield* Stream.runCollect(kimi.stream(request))).at(-1)?._tag, "Finish")
    })
  )

  it.effect.each(Pipeline.order)("does not describe %s after it is removed", (name) =>
    Effect.gen(function* () {
      const kimi = yield* connect(Pipeline.remove(name), isObserved)
      assert.deepStrictEqual(
        describedNames(kimi),
        Pipeline.order.filter((other) => other !== name)
      )
    })
  )
})

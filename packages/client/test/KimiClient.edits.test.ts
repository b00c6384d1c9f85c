import { assert, describe, it } from "@effect/vitest"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import { classes } from "@kimi-effect/core/KimiError"
import * as Pipeline from "@kimi-effect/core/Pipeline"
import * as ResponseCache from "@kimi-effect/core/ResponseCache"
import * as Stage from "@kimi-effect/core/Stage"
import { Context, Effect, Fiber, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import { ChatTransport } from "../src/ChatTransport.ts"
import * as FallbackPlan from "../src/FallbackPlan.ts"
import * as KimiClient from "../src/KimiClient.ts"
import { providers } from "../src/Provider.ts"
import { eventsOf, responseOf } from "./support/responses.ts"

const request = { messages: [{ role: "user" as const, content: "my address is me@example.com" }] }
const overloaded = new classes.OverloadedError({ message: "overloaded" })
const response = responseOf()
const events = eventsOf()

const withoutAddresses = (request: ModelRequest): ModelRequest => ({
  ...request,
  messages: [{ role: "user", content: JSON.stringify(request.messages).includes("@") ? "<removed>" : "nothing" }]
})

const redact = Stage.make("redact", {
  effect: (inner) => (call) => inner({ ...call, request: withoutAddresses(call.request) }),
  stream: (inner) => (call) => inner({ ...call, request: withoutAddresses(call.request) }),
  options: { removes: "addresses" }
})

/** A stage that records its name. */
const noting = (name: string, log: Array<string>) =>
  Stage.make(name, {
    effect: (inner) => (call) =>
      Effect.suspend(() => {
        log.push(name)
        return inner(call)
      }),
    stream: (inner) => (call) =>
      Stream.suspend(() => {
        log.push(name)
        return inner(call)
      })
  })

/** A client with edits, on a host that fails with each error in turn, and the requests that it has seen. */
const connect = (
  edits: Layer.Layer<never, ConfigurationError>,
  options: KimiConfig.Options = {},
  failures: Array<typeof overloaded> = []
) => {
  const seen: Array<ModelRequest> = []
  const receive = (request: ModelRequest) =>
    Effect.suspend(() => {
      seen.push(request)
      const error = failures.shift()
      return error === undefined ? Effect.void : Effect.fail(error)
    })
  const transport = Layer.succeed(ChatTransport, {
    provider: providers.custom,
    chat: (request) => Effect.as(receive(request), response),
    stream: (request) => Stream.unwrap(Effect.as(receive(request), Stream.fromIterable(events)))
  })
  const config = KimiConfig.layer({ provider: "custom", baseUrl: "http://localhost/v1", ...options })
  const layer = KimiClient.layerTransport.pipe(
    Layer.provide(edits),
    Layer.provideMerge(transport),
    Layer.provideMerge(config)
  )
  return Effect.map(Layer.build(layer), (context) => ({ seen, kimi: Context.get(context, KimiClient.KimiClient) }))
}

const contentsOf = (requests: ReadonlyArray<ModelRequest>) =>
  requests.flatMap(({ messages }) => messages.map((message) => message.content))

describe("a client with an edited pipeline", () => {
  const edits = Pipeline.layer(Pipeline.insertBefore("retry", redact))

  it.effect("runs chat through an inserted stage", () =>
    Effect.gen(function* () {
      const { kimi, seen } = yield* connect(edits)
      assert.strictEqual(yield* kimi.chat(request), response)
      assert.deepStrictEqual(contentsOf(seen), ["<removed>"])
    })
  )

  it.effect("runs streams through an inserted stage", () =>
    Effect.gen(function* () {
      const { kimi, seen } = yield* connect(edits)
      assert.deepStrictEqual(yield* Stream.runCollect(kimi.stream(request)), [...events])
      assert.deepStrictEqual(contentsOf(seen), ["<removed>"])
    })
  )

  it.effect("describes an inserted stage at its place", () =>
    Effect.gen(function* () {
      const lines = (yield* connect(edits)).kimi.describe().split("\n")
      const index = lines.indexOf("redact: removes addresses")
      assert.isTrue(lines[index + 1]?.startsWith("retry: "), lines.join("\n"))
      assert.strictEqual(lines.length, Pipeline.order.length + 1)
    })
  )

  it.effect("runs the edits of several layers", () =>
    Effect.gen(function* () {
      const log: Array<string> = []
      const merged = Layer.mergeAll(
        Pipeline.layer(Pipeline.insertBefore("deadline", noting("first", log))),
        Pipeline.layer(Pipeline.insertAfter("first", noting("second", log)))
      )
      const { kimi } = yield* connect(
        Layer.provideMerge(merged, Pipeline.layer(Pipeline.insertAfter("timeout", noting("third", log))))
      )
      yield* kimi.chat(request)
      assert.deepStrictEqual(log, ["first", "second", "third"])
    })
  )

  it.effect("cannot be built with an unknown stage", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(connect(Pipeline.layer(Pipeline.insertBefore("retries", redact))))
      assert.strictEqual(error._tag, "ConfigurationError")
      assert.deepStrictEqual(error.issues, [
        { name: 'Pipeline.insertBefore("retries")', expected: `the name of a stage: ${Pipeline.order.join(", ")}` }
      ])
    })
  )

  it.effect.each(["deadline", "retry", "recovery", "fallback", "accounting", "timeout", "cache", "breaker"] as const)(
    "runs a stage in the place of %s",
    (name) =>
      Effect.gen(function* () {
        const log: Array<string> = []
        const { kimi } = yield* connect(Pipeline.layer(Pipeline.replace(name, noting("own", log))))
        yield* kimi.chat(request)
        yield* Stream.runDrain(kimi.stream(request))
        assert.deepStrictEqual(log, ["own", "own"])
      })
  )

  it.effect("does not retry without the retry stage", () =>
    Effect.gen(function* () {
      const { kimi, seen } = yield* connect(Pipeline.layer(Pipeline.remove("retry")), {}, [overloaded])
      assert.strictEqual(yield* Effect.flip(kimi.chat(request)), overloaded)
      assert.strictEqual(seen.length, 1)
    })
  )

  it.effect("ends an attempt that a replaced timeout leaves unbounded when all of them may take no longer", () =>
    Effect.gen(function* () {
      const hang = Stage.make("hang", { effect: () => () => Effect.never })
      const { kimi } = yield* connect(Pipeline.layer(Pipeline.replace("timeout", hang)), {
        retryMaxElapsed: "1 hour"
      })
      const fiber = yield* Effect.forkChild(Effect.flip(kimi.chat(request)))
      yield* TestClock.adjust("1 hour")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "DeadlineExceededError")
    })
  )

  it.effect("checks requests itself when the stage of its fallback plan is replaced", () =>
    Effect.gen(function* () {
      const plan = Layer.succeed(FallbackPlan.FallbackPlan, {
        steps: [],
        stage: () => Stage.make("fallback", { effect: () => () => Effect.die("the plan ran") }),
        transports: new Map(),
        hostApis: new Map(),
        configs: new Map()
      })
      const off = Layer.provideMerge(Pipeline.layer(Pipeline.replace("fallback", Stage.off("none"))), plan)
      const { kimi, seen } = yield* connect(off)
      assert.strictEqual((yield* Effect.flip(kimi.chat({ messages: [] })))._tag, "InvalidRequestError")
      assert.strictEqual(seen.length, 0)
    })
  )

  it.effect("does not use a cache whose stage is removed", () =>
    Effect.gen(function* () {
      const removed = Layer.provideMerge(Pipeline.layer(Pipeline.remove("cache")), ResponseCache.layerMemory())
      const { kimi, seen } = yield* connect(removed)
      yield* kimi.chat(request)
      yield* kimi.chat(request)
      assert.strictEqual(seen.length, 2)
    })
  )
})

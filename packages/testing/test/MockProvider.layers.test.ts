/** What each level adds. */
import { KimiClient } from "@kimi-effect/client"
import { CallOptions, KimiConfig, KimiError } from "@kimi-effect/core"
import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, Context, Duration, Effect, Exit, Fiber, Layer, Stream } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { TestClock } from "effect/testing"
import * as MockProvider from "../src/MockProvider.ts"
import * as Reply from "../src/Reply.ts"
import type * as Script from "../src/Script.ts"
import { clientAndMock, config, defectOf, levels } from "./support/mockProvider.ts"

const request = { messages: [{ role: "user" as const, content: "Hi" }] }

const closed = new KimiError.classes.CircuitOpenError({ message: "open", key: "moonshot/kimi-k3", state: "open" })

describe("MockProvider.layerClient", () => {
  it.effect("fails with exactly the error of a script", () =>
    Effect.gen(function* () {
      const kimi = yield* KimiClient.KimiClient
      assert.strictEqual(yield* Effect.flip(kimi.chat(request)), closed)
    }).pipe(Effect.provide(MockProvider.layerClient({ script: [closed] })))
  )

  it.effect("makes one attempt", () =>
    Effect.gen(function* () {
      const [kimi, mock] = yield* clientAndMock
      yield* Effect.flip(kimi.chat(request))
      yield* mock.attempts(1)
    }).pipe(Effect.provide(MockProvider.layerClient({ script: [Reply.serverError()] })))
  )

  it.effect("is not the client that a program builds on another transport", () =>
    Effect.gen(function* () {
      const other = KimiClient.layerTransport.pipe(
        Layer.provide(MockProvider.layerTransport({ script: ["other"] })),
        Layer.provide(KimiConfig.layer(config))
      )
      const kimi = Context.get(yield* Layer.build(other), KimiClient.KimiClient)
      assert.strictEqual((yield* kimi.chat(request)).text, "other")
    }).pipe(Effect.scoped, Effect.provide(MockProvider.layerClient({ script: ["outer"] })))
  )

  it.effect.each([
    ["a chat that is never answered", "chat", {}, "TotalTimeoutError"],
    ["a stream that never begins", "stream", {}, "FirstTokenTimeoutError"],
    ["a chat with a given timeout", "chat", { totalTimeout: "7 seconds" }, "TotalTimeoutError"],
    ["a stream with a given timeout", "stream", { firstTokenTimeout: "7 seconds" }, "FirstTokenTimeoutError"]
  ] as const)("ends %s as a client does", ([, operation, timeouts, tag]) =>
    Effect.gen(function* () {
      const call = Effect.flatMap(KimiClient.KimiClient, (kimi): Effect.Effect<unknown, { readonly _tag: string }> =>
        operation === "chat" ? kimi.chat(request) : Stream.runDrain(kimi.stream(request))
      )
      const settings = { ...KimiConfig.defaults, ...timeouts }
      const limit = Duration.toMillis(operation === "chat" ? settings.totalTimeout : settings.firstTokenTimeout)
      const fiber = yield* Effect.forkChild(Effect.flip(call))
      yield* TestClock.adjust(limit - 1)
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust(1)
      assert.strictEqual((yield* Fiber.join(fiber))._tag, tag)
    }).pipe(Effect.provide(MockProvider.layerClient({ script: [Reply.never()] }, timeouts)))
  )

  it.effect("ends at the deadline of a call", () =>
    Effect.gen(function* () {
      const kimi = yield* KimiClient.KimiClient
      const fiber = yield* Effect.forkChild(
        Effect.flip(CallOptions.provide({ timeout: "3 seconds" })(kimi.chat(request)))
      )
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "DeadlineExceededError")
    }).pipe(Effect.provide(MockProvider.layerClient({ script: [Reply.never()] })))
  )

  it.effect("has the model of the configuration", () =>
    Effect.gen(function* () {
      const [kimi, mock] = yield* clientAndMock
      yield* kimi.chat(request)
      yield* mock.received({ model: "kimi-k2.6" })
    }).pipe(Effect.provide(MockProvider.layerClient({}, { model: "kimi-k2.6" })))
  )
})

describe("MockProvider.layerTransport", () => {
  it.effect("runs the whole pipeline", () =>
    Effect.gen(function* () {
      const [kimi, mock] = yield* clientAndMock
      const fiber = yield* Effect.forkChild(kimi.chat(request))
      yield* TestClock.adjust("1 hour")
      assert.strictEqual((yield* Fiber.join(fiber)).text, "at last")
      yield* mock.attempts(3)
    }).pipe(
      Effect.provide(
        levels.layerTransport({ script: [Reply.serverError(), Reply.overloaded(), "at last"] }, { maxAttempts: 5 })
      )
    )
  )

  it.effect("shares no circuits between tests that build the client", () => {
    const client = KimiClient.layerTransport.pipe(
      Layer.provide(KimiConfig.layer({ ...config, breakerMinimumCalls: 1 }))
    )
    const once = (script: Script.Script) =>
      Effect.gen(function* () {
        const [kimi, mock] = yield* clientAndMock
        yield* mock.reset
        yield* mock.play(script)
        return yield* Effect.exit(kimi.chat(request))
      }).pipe(Effect.provide(client))
    return Effect.gen(function* () {
      yield* once([Reply.serverError()])
      assert.isTrue(Exit.isSuccess(yield* once(["fine"])))
    }).pipe(Effect.provide(MockProvider.layerTransport().pipe(Layer.provide(KimiConfig.layer(config)))))
  })

  it.effect("shares no budgets between tests that build the client", () => {
    const client = KimiClient.layerTransport.pipe(
      Layer.provide(KimiConfig.layer({ ...config, budget: [{ amount: "10", currency: "USD" }] }))
    )
    const spentByOne = Effect.gen(function* () {
      const [kimi, mock] = yield* clientAndMock
      yield* mock.reset
      yield* kimi.chat(request)
      return (yield* kimi.metrics).budgets.map(({ spent }) => BigDecimal.format(spent))
    }).pipe(Effect.provide(Layer.fresh(client)))
    return Effect.gen(function* () {
      const first = yield* spentByOne
      assert.notDeepEqual(first, ["0"])
      assert.deepStrictEqual(yield* spentByOne, first)
    }).pipe(Effect.provide(MockProvider.layerTransport().pipe(Layer.provide(KimiConfig.layer(config)))))
  })
})

describe("MockProvider.layerHttp", () => {
  const post = (body: string) =>
    Effect.gen(function* () {
      const http = yield* HttpClient.HttpClient
      const sent = HttpClientRequest.post("https://api.moonshot.ai/v1/chat/completions").pipe(
        HttpClientRequest.bodyText(body, "application/json")
      )
      const response = yield* http.execute(sent)
      return [response.status, yield* response.json] as const
    })

  it.effect("refuses a body that is no chat request as the host does", () =>
    Effect.map(post("{"), ([status, body]) => {
      assert.strictEqual(status, 400)
      assert.deepStrictEqual(body, {
        error: { message: "Invalid request: the body is not a chat request", type: "invalid_request_error" }
      })
    }).pipe(Effect.provide(MockProvider.layerHttp()))
  )

  it.effect("answers unknown routes with 404", () =>
    Effect.gen(function* () {
      const http = yield* HttpClient.HttpClient
      assert.strictEqual((yield* http.get("https://api.moonshot.ai/v1/nothing")).status, 404)
    }).pipe(Effect.provide(MockProvider.layerHttp()))
  )

  it.effect("dies for an answer that no host sends", () =>
    Effect.gen(function* () {
      const kimi = yield* KimiClient.KimiClient
      assert.include(
        defectOf(yield* Effect.exit(kimi.chat(request))),
        "the answer to request 1 (chat) is CircuitOpenError, which no host sends: use a Reply"
      )
    }).pipe(Effect.provide(levels.layerHttp({ script: [closed] })))
  )
})
